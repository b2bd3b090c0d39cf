"""What the demo clinic is made of. Every person, place and payer is invented; ICD-10-CM codes are
real; procedure codes are bare numbers with this clinic's own invented prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FIRST_NAMES_F = (
    "Ada", "Bella", "Clara", "Dora", "Edda", "Fiona", "Greta", "Hana", "Ines", "Jana", "Kira",
    "Lena", "Mira", "Nora", "Olga", "Petra", "Rosa", "Selma", "Thea", "Vera",
)  # fmt: skip
FIRST_NAMES_M = (
    "Adam", "Bruno", "Cyril", "Denis", "Emil", "Felix", "Gustav", "Hugo", "Ivan", "Jonas", "Karl",
    "Leo", "Max", "Nils", "Oskar", "Paul", "Rolf", "Simon", "Theo", "Victor",
)  # fmt: skip
LAST_NAMES = (
    "Ambervale", "Brightmoor", "Cloverfield", "Dustwood", "Elmsworth", "Fernhollow", "Glenbarrow",
    "Hazelbrook", "Ironleaf", "Juniperly", "Kestrelton", "Larkspurr", "Meadowlane", "Nettlecombe",
    "Oakenshade", "Pebblebank", "Quillfeather", "Ravenscar", "Silverthorn", "Thistledown",
    "Underhillow", "Violetmere", "Willowmark", "Yarrowgate",
)  # fmt: skip
STREETS = ("Acorn Way", "Birch Row", "Cedar Loop", "Daisy Court", "Elder Path", "Fig Terrace")
CITIES = (
    ("Springfield", "IL", "627010001"),
    ("Riverton", "IL", "625610001"),
    ("Lakewood", "OH", "441070001"),
    ("Fairview", "PA", "164150001"),
)

PAYERS: Mapping[str, str] = {
    "DEMO1": "Evergreen Health Plan",
    "DEMO2": "Harborlight Insurance",
    "DEMO3": "Prairie Mutual",
    "DEMO4": "Summit Care",
}

FEES_CENTS: Mapping[str, int] = {
    "99202": 14_800, "99203": 22_400, "99204": 33_500, "99212": 11_200, "99213": 18_500,
    "99214": 26_100, "99215": 36_800, "99395": 24_900, "99396": 26_300, "36415": 1_900,
    "80053": 4_200, "80061": 5_300, "83036": 3_900, "85025": 3_400, "81003": 1_600,
    "87880": 4_100, "93000": 5_800, "71046": 9_700, "94010": 8_600, "96372": 4_500,
    "20610": 19_400, "11102": 21_700, "90471": 4_800, "90686": 3_700, "36416": 900, "99080": 2_500,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A reason for a visit: its diagnoses, the services that go with each, how often it happens."""

    diagnoses: Sequence[str]
    services: Sequence[tuple[str, Sequence[int]]]
    weight: int


KINDS: Sequence[Kind] = (
    Kind(("I10",), (("99213", (0,)),), 9),
    Kind(("E119", "I10"), (("99214", (0, 1)), ("83036", (0,)), ("36415", (0,))), 8),
    Kind(("J069",), (("99213", (0,)),), 8),
    Kind(("J029",), (("99213", (0,)), ("87880", (0,))), 6),
    Kind(("M5450",), (("99213", (0,)),), 6),
    Kind(("E785", "I10"), (("99214", (0, 1)), ("80061", (0,)), ("36415", (0,))), 6),
    Kind(("N390",), (("99213", (0,)), ("81003", (0,))), 5),
    Kind(("Z0000",), (("99396", (0,)), ("80053", (0,)), ("85025", (0,)), ("36415", (0,))), 5),
    Kind(("J45909",), (("99214", (0,)), ("94010", (0,))), 4),
    Kind(("K219",), (("99213", (0,)),), 4),
    Kind(("F411",), (("99214", (0,)),), 4),
    Kind(("R0789", "I10"), (("99215", (0, 1)), ("93000", (0,))), 3),
    Kind(("R051",), (("99214", (0,)), ("71046", (0,))), 3),
    Kind(("M1711",), (("99213", (0,)), ("20610", (0,))), 3),
    Kind(("D485",), (("99213", (0,)), ("11102", (0,))), 2),
    Kind(("Z23",), (("90471", (0,)), ("90686", (0,))), 3),
)
