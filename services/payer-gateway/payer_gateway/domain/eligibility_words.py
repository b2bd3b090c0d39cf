"""The codes of a 271 in our own words; one that is missing here is shown bare."""

from types import MappingProxyType

# EB01.
INFORMATION_WORDS = MappingProxyType(
    {
        "1": "active",
        "2": "active, full risk capitation",
        "3": "active, services capitated",
        "4": "active, services capitated to the primary care provider",
        "5": "active, under investigation",
        "6": "inactive",
        "7": "inactive, eligibility update pending",
        "8": "inactive, under investigation",
        "A": "co-insurance",
        "B": "co-payment",
        "C": "deductible",
        "CB": "basis of coverage",
        "D": "description of a benefit",
        "E": "exclusion",
        "F": "limit",
        "G": "out of pocket",
        "H": "no limit",
        "I": "not covered",
        "J": "cost containment",
        "K": "reserve",
        "L": "primary care provider",
        "M": "pre-existing condition",
        "MC": "managed care coordinator",
        "N": "restricted to a provider",
        "O": "not necessary in the payer's judgment",
        "P": "disclaimer",
        "Q": "second opinion needed",
        "R": "another payer",
        "S": "history of a year before",
        "T": "card reported lost",
        "U": "contact",
        "V": "cannot be processed",
        "W": "another source of information",
        "X": "facility",
        "Y": "spend down",
    }
)
# EB02.
LEVEL_WORDS = MappingProxyType(
    {
        "CHD": "children only",
        "DEP": "dependents only",
        "ECH": "employee and children",
        "EMP": "employee only",
        "ESP": "employee and spouse",
        "FAM": "family",
        "IND": "individual",
        "SPC": "spouse and children",
        "SPO": "spouse only",
    }
)
# EB06.
PERIOD_WORDS = MappingProxyType(
    {
        "6": "hour",
        "7": "day",
        "13": "24 hours",
        "21": "years",
        "22": "service year",
        "23": "calendar year",
        "24": "year to date",
        "25": "contract",
        "26": "episode",
        "27": "visit",
        "28": "outlier",
        "29": "remaining",
        "30": "exceeded",
        "31": "not exceeded",
        "32": "lifetime",
        "33": "lifetime, remaining",
        "34": "month",
        "35": "week",
        "36": "admission",
    }
)
REMAINING_PERIODS = frozenset({"29", "33"})
# EB12.
NETWORK_WORDS = MappingProxyType(
    {"Y": "in", "N": "out", "W": "both", "U": "unknown"},
)
# AAA04: the follow-up.
FOLLOW_UP_WORDS = MappingProxyType(
    {
        "C": "correct it and ask again",
        "N": "do not ask again",
        "P": "ask again as it was",
        "R": "asking again is allowed",
        "S": "do not ask again; the payer has asked somebody else",
        "W": "wait 30 days and ask again",
        "X": "wait 10 days and ask again",
        "Y": "do not ask again; the payer will answer by itself",
    }
)
# AAA03: the reason.
REJECT_WORDS = MappingProxyType(
    {
        "04": "more was asked for than is authorized",
        "15": "required data of the request are missing",
        "33": "the request has errors",
        "35": "out of network",
        "41": "we are not allowed to ask this",
        "42": "the payer cannot answer now",
        "43": "the provider's id is missing or wrong",
        "44": "the provider's name is missing or wrong",
        "45": "the provider's specialty is missing or wrong",
        "46": "the provider's telephone number is missing or wrong",
        "47": "the provider's state is missing or wrong",
        "48": "the referring provider's id is missing or wrong",
        "49": "the provider is not the primary care provider",
        "50": "the provider may not ask",
        "51": "the payer does not know the provider",
        "52": "the provider was not with the plan on that day",
        "53": "the benefit does not fit the provider",
        "54": "the qualifier of the service does not fit",
        "55": "the service id does not fit",
        "56": "the date does not fit",
        "57": "the date of service is missing or wrong",
        "58": "the birth date is missing or wrong",
        "60": "the birth date is after the date of service",
        "61": "the patient had died before the date of service",
        "62": "the date of service is too far from today",
        "63": "the date of service is in the future",
        "64": "the patient's id is missing or wrong",
        "65": "the patient's name is missing or wrong",
        "66": "the patient's sex is missing or wrong",
        "67": "the payer does not find the patient",
        "68": "the patient's id occurs twice",
        "69": "it does not fit the patient's age",
        "70": "it does not fit the patient's sex",
        "71": "the birth date differs from the payer's",
        "72": "the subscriber's id is missing or wrong",
        "73": "the subscriber's name is missing or wrong",
        "74": "the subscriber's sex is missing or wrong",
        "75": "the payer does not find the subscriber",
        "76": "the subscriber's id occurs twice",
        "77": "the payer finds the subscriber, but not the patient",
        "78": "the subscriber is not in the group or plan",
        "79": "the receiver of the request does not take part",
        "80": "the payer did not answer in time",
        "97": "the provider's address is missing or wrong",
        "98": "the service is experimental",
        "T4": "the payer's name or id is missing",
    }
)
RETRY_CODES = frozenset({"42", "80"})
"""The moment is at fault, not the question."""
