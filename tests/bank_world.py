"""A NACHA file of one CCD+ entry to change one record in."""

ROUTING = "07100001"
TRACE = "071000010000001"


def header() -> str:
    return (
        "1" "01" " 071000013" "1999999999" "260303" "1200" "A" "094" "10" "1"
        + "CLINIC BANK".ljust(23) + "PAYER BANK".ljust(23) + " " * 8
    )  # fmt: skip


def batch_header(class_code: str = "CCD", number: int = 1) -> str:
    return (
        "5" "220" + "DEMO PAYER".ljust(16) + " " * 20 + "1999999999" + class_code
        + "HCCLAIMPMT" + "260304" "260304" "   " "1" + ROUTING + f"{number:07d}"
    )  # fmt: skip


def entry(cents: int = 4_625, code: str = "22", trace: str = TRACE, addenda: str = "1") -> str:
    return (
        "6" + code + ROUTING + "3" + "1000200030".ljust(17) + f"{cents:010d}"
        + "1234567893".ljust(15) + "NORTHSIDE CLINIC".ljust(22) + "  " + addenda + trace
    )  # fmt: skip


def addenda(text: str = "TRN*1*EFT100*1999999999\\", sequence: int = 1, trace: str = TRACE) -> str:
    return "705" + text.ljust(80) + f"{sequence:04d}" + trace[-7:]


def batch_control(count: int, routing_sum: int, debit: int, credit: int, number: int = 1) -> str:
    return (
        "8" "220" + f"{count:06d}{routing_sum:010d}{debit:012d}{credit:012d}" + "1999999999"
        + " " * 25 + ROUTING + f"{number:07d}"
    )  # fmt: skip


def file_control(batches: int, count: int, routing_sum: int, debit: int, credit: int) -> str:
    return (
        "9"
        + f"{batches:06d}{1:06d}{count:08d}{routing_sum:010d}{debit:012d}{credit:012d}"
        + " " * 39
    )


def nacha(*records: str) -> str:
    lines = [*records, *["9" * 94] * (-len(records) % 10)]
    return "\n".join(lines) + "\n"


GOOD = (
    header(),
    batch_header(),
    entry(),
    addenda(),
    batch_control(2, 7_100_001, 0, 4_625),
    file_control(1, 2, 7_100_001, 0, 4_625),
)
