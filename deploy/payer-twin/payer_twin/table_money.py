"""Rows about money: payments, denials, and every way in which an 835 may carry them."""

from typing import Any, Final

from payer_twin.plan import (
    DAY_S,
    Adjust,
    AnswerClaim,
    AnswerGroup,
    Delivery,
    Denial,
    Pay,
    ProviderCut,
    Reverse,
    Rules,
    Step,
)
from payer_twin.row import NO_LIMIT_CENTS, Family, Scenario


def _paid(number: int, code: str, summary: str, **rules: Any) -> Scenario:
    return _row(number, code, summary, "payment", Pay(rules=Rules(**rules)))


def _denied(number: int, code: str, summary: str, denial: Denial, **rest: Any) -> Scenario:
    pay = Pay(rules=Rules(denial=denial, **rest))
    return _row(number, code, summary, "denial", pay)


def _row(number: int, code: str, summary: str, family: Family, *after: Step) -> Scenario:
    return Scenario(code, summary, family, number, (AnswerGroup(), AnswerClaim(), *after))


PAYMENTS: Final = (
    _paid(1, "paid-in-full", "paid in full but for a contractual 25 % (CO-45)",
          contractual_percent=25),
    _paid(2, "deductible", "50.00 of the allowed amount to the deductible (PR-1)",
          deductible_cents=5000),
    _paid(3, "coinsurance", "20 % of the allowed amount is coinsurance (PR-2)",
          coinsurance_percent=20),
    _paid(4, "copay", "a copay of 25.00 (PR-3)", copay_cents=2500),
    _paid(5, "deductible-and-coinsurance", "30.00 deductible (PR-1), then 20 % coinsurance (PR-2)",
          deductible_cents=3000, coinsurance_percent=20),
    _paid(6, "out-of-network", "20 % is left to the patient as PR-45", contractual_group="PR"),
    _paid(7, "paid-at-charge", "every cent of the charge is paid, no adjustment at all",
          contractual_percent=0),
    _paid(8, "incentive", "an incentive of 3.00 on top: CO-144 with a negative amount",
          incentive_cents=300),
    _paid(9, "interest", "paid late, with 1.25 interest (AMT*I and PLB L6)", interest_cents=125),
    _paid(10, "zero-pay-deductible",
          "everything allowed goes to the deductible (PR-1); nothing is paid, nothing is denied",
          deductible_cents=NO_LIMIT_CENTS),
    _paid(12, "sequestration", "2 % of the payment is withheld (CO-253)",
          sequestration_percent=2),
    _paid(13, "claim-level-cut", "the contractual 20 % stands under the claim, not under lines",
          at_claim_level=True),
    _paid(14, "partly-paid", "the fee schedule allows half of the charge (CO-45 50 %)",
          contractual_percent=50),
)  # fmt: skip

DENIALS: Final = (
    _denied(11, "capitation", "covered by capitation (CO-24): nothing is paid, nothing is denied",
            Denial("CO", "24")),
    _denied(20, "denied-authorization", "denied, no authorization (CO-197)", Denial("CO", "197")),
    _denied(21, "denied-information", "denied, information is missing (CO-16 with remark N290)",
            Denial("CO", "16", ("N290",))),
    _denied(22, "denied-late", "denied, filed too late (CO-29)", Denial("CO", "29")),
    _denied(23, "denied-necessity", "denied, not medically necessary (CO-50 with remark N115)",
            Denial("CO", "50", ("N115",))),
    _denied(24, "line-denied", "the last line is denied (CO-197), all others are paid",
            Denial("CO", "197"), denied_lines="last"),
    _denied(26, "denied-duplicate", "denied as an exact duplicate (OA-18)", Denial("OA", "18")),
    _denied(29, "denied-noncovered", "not covered, the patient's to pay (PR-96 with remark N30)",
            Denial("PR", "96", ("N30",))),
    _row(25, "not-recognised", "the patient is not the payer's (CLP02 4, CO-31)", "denial",
         Pay(status_code="4", rules=Rules(denial=Denial("CO", "31")))),
    _row(28, "not-ours-forwarded", "not the payer's claim, passed on (CLP02 23, OA-109, NM1*TT)",
         "coordination",
         Pay(status_code="23", crossover=True, rules=Rules(denial=Denial("OA", "109")))),
    Scenario("bundled",
             "lines with 36416 or 99080 are part of others (CO-97 with remark M15), the rest is"
             " paid", "denial", 27,
             (AnswerGroup(), AnswerClaim(),
              Pay(rules=Rules(denial=Denial("CO", "97", ("M15",)), denied_lines="matched"))),
             ("36416", "99080")),
)  # fmt: skip

_LATER = DAY_S
_CORRECTED = Pay(after_s=_LATER, rules=Rules(deductible_cents=5000),
                 delivery=Delivery(own_set=True))  # fmt: skip
_FIRST = Pay(after_s=0, delivery=Delivery(own_set=True))
_LEFT = (ProviderCut(reason_code="WO", percent_of_paid=-100),)
_TAKEN = (ProviderCut(reason_code="WO", percent_of_paid=100),)

REMITTANCES: Final = (
    _row(60, "duplicate-835", "the 835 comes again an hour later, under another ISA13",
         "remittance", Pay(delivery=Delivery(own_set=True, repeat_after_s=3600))),
    _row(61, "split-sets", "the lines are paid in two STs of one file", "remittance",
         Pay(delivery=Delivery(own_set=True, split="sets"))),
    _row(62, "split-files", "the lines are paid in two files, a day apart", "remittance",
         Pay(delivery=Delivery(own_set=True, split="files"))),
    _row(63, "reversal-and-correction",
         "paid at once; a day later taken back (CLP02 22) and paid with a deductible of 50.00",
         "remittance", _FIRST, Reverse(after_s=_LATER), _CORRECTED),
    _row(64, "forward-balance",
         "paid at once and taken back a day later: the negative cycle is lifted to 0 by PLB FB and"
         " recovered from the next payments to the provider",
         "remittance", _FIRST, Reverse(after_s=_LATER)),
    _row(65, "overpayment-recovered",
         "taken back a day later with the money left (PLB WO negative), recovered after 30 days"
         " (PLB WO positive)",
         "remittance", _FIRST, Reverse(after_s=_LATER, provider_cuts=_LEFT),
         Adjust(after_s=30 * DAY_S, provider_cuts=_TAKEN)),
    _row(66, "refund-acknowledged",
         "taken back a day later with the money left (PLB WO); the provider's own refund is"
         " acknowledged after 20 days (PLB WO and 72, nothing moves)",
         "remittance", _FIRST, Reverse(after_s=_LATER, provider_cuts=_LEFT),
         Adjust(after_s=20 * DAY_S, provider_cuts=(
             *_TAKEN, ProviderCut(reason_code="72", percent_of_paid=-100)))),
)  # fmt: skip

COORDINATION: Final = (
    _row(70, "crossover", "processed as primary and passed on (CLP02 19, NM1*TT)", "coordination",
         Pay(status_code="19", crossover=True, rules=Rules(copay_cents=2500))),
    _row(71, "secondary-with-copay",
         "as a secondary payer: what the first one did is OA-23, of the rest 5.00 is a copay",
         "coordination", Pay(rules=Rules(copay_cents=500))),
    _row(72, "secondary-pays-nothing",
         "as a secondary payer: what the first one did is OA-23, the rest is the patient's (PR-1)",
         "coordination", Pay(rules=Rules(deductible_cents=NO_LIMIT_CENTS))),
)  # fmt: skip

FAULTS: Final = (
    _row(80, "unbalanced-line", "SVC03 of one line is 1.00 too high", "fault",
         Pay(delivery=Delivery(own_set=True, unbalanced="line"))),
    _row(81, "unbalanced-claim", "CLP04 is 1.00 too high, and BPR02 with it", "fault",
         Pay(delivery=Delivery(own_set=True, unbalanced="claim"))),
    _row(82, "unbalanced-transaction", "BPR02 is 1.00 too high", "fault",
         Pay(delivery=Delivery(own_set=True, unbalanced="transaction"))),
    _row(84, "unknown-claim", "CLP01 is a number that the provider never used", "fault",
         Pay(delivery=Delivery(own_set=True, strange_number=True))),
    _row(85, "wrong-usage", "the 835 says test where production was agreed, or the reverse (ISA15)",
         "fault", Pay(delivery=Delivery(own_set=True, wrong_usage=True))),
)  # fmt: skip

ROWS: Final = (*PAYMENTS, *DENIALS, *REMITTANCES, *COORDINATION, *FAULTS)
