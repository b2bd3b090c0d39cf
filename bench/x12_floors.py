"""The floors of X12: a bare loop over an 835, and the file that every reader is given.

The loop does what a reader must: it cuts segments, takes the fields that posting needs, makes
integer cents and proves all three balances. It has no findings, no places, no dataclasses, no
tolerance for another separator or a damaged file.
"""

import random
from collections.abc import Iterable, Iterator

SETS = 23
CLAIMS_PER_SET = 5000
CHUNK_BYTES = 65536
_HEAD = (
    "ISA*00*          *00*          *ZZ*PAYERTWIN      *ZZ*CLINIC         "
    "*260301*1230*^*00501*000000001*0*P*:~"
    "GS*HP*PAYERTWIN*CLINIC*20260301*1230*1*X*005010X221A1~"
)
_PAYER = (
    "N1*PR*PAYER TWIN~N3*1 MAIN ST~N4*SPRINGFIELD*IL*627010001~PER*BL*EDI DESK*TE*2175550100~"
    "N1*PE*SPRINGFIELD CLINIC*XX*1234567893~REF*TJ*123456789~LX*1~"
)


def text_of(cents: int) -> str:
    """Cents as X12 writes them."""
    whole, fraction = divmod(abs(cents), 100)
    text = f"{whole}.{fraction:02d}".rstrip("0") if fraction else str(whole)
    return "-" + text if cents < 0 else text


class Schedule:
    """Where amounts come from: a fee schedule, as payers have one, or each amount by chance."""

    def __init__(self, *, repeats: bool, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - the same file each time
        self.repeats = repeats
        self._fees = [
            (f"9{number:04d}", self.chance.randrange(5000, 60000)) for number in range(200)
        ]

    def line(self) -> tuple[str, int, int, int]:
        """Procedure, charge, contractual cut and the patient's share."""
        code, charge = self.chance.choice(self._fees)
        if self.repeats:
            cut = charge * self.chance.choice((20, 25, 30)) // 100
            share = self.chance.choice((1000, 2000, 3000, (charge - cut) // 5))
        else:
            charge = self.chance.randrange(5000, 60000)
            cut = self.chance.randrange(100, charge // 3)
            share = self.chance.randrange(100, charge // 4)
        return code, charge, cut, share


def remittance_file(
    sets: int = SETS, claims: int = CLAIMS_PER_SET, *, repeats: bool = True, seed: int = 835
) -> bytes:
    """An 835 with so many ST, balanced at all three levels; one seed gives one file."""
    return b"".join(remittance_chunks(sets, claims, repeats=repeats, seed=seed))


def remittance_chunks(
    sets: int = SETS, claims: int = CLAIMS_PER_SET, *, repeats: bool = True, seed: int = 835
) -> Iterator[bytes]:
    """The same file, made as it is read."""
    made = Schedule(repeats=repeats, seed=seed)
    yield _HEAD.encode()
    for number in range(1, sets + 1):
        yield from cut(_set(number, claims, made).encode())
    yield f"GE*{sets}*1~IEA*1*000000001~".encode()


def cut(content: bytes, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """As a socket or a file would give it."""
    return (content[start : start + size] for start in range(0, len(content), size))


def _set(number: int, claims: int, made: Schedule) -> str:
    total, body = 0, []
    for ordinal in range(claims):
        text, paid = _claim(number * 1_000_000 + ordinal, made)
        body.append(text)
        total += paid
    taken = 12345
    body.append(f"PLB*1234567893*20261231*WO:P{number:06d}*{text_of(taken)}~")
    head = (
        f"ST*835*{number:04d}~BPR*I*{text_of(total - taken)}*C*ACH*CCP*01*999999992*DA*1000200030*"
        f"1123456789**01*999999992*DA*98765*20260301~TRN*1*EFT{number:07d}*1123456789~"
        f"DTM*405*20260301~{_PAYER}"
    )
    whole = head + "".join(body)
    return f"{whole}SE*{whole.count('~') + 1}*{number:04d}~"


def _claim(number: int, made: Schedule) -> tuple[str, int]:
    """Two or three lines with a contractual cut and a patient's share."""
    lines, charge, paid, share = [], 0, 0, 0
    for line in range(made.chance.choice((2, 3))):
        code, asked, cut, own = made.line()
        given = asked - cut - own
        lines.append(
            f"SVC*HC:{code}*{text_of(asked)}*{text_of(given)}**1~"
            f"DTM*472*202602{1 + number % 28:02d}~"
            f"CAS*CO*45*{text_of(cut)}~CAS*PR*2*{text_of(own)}~REF*6R*L{number}{line}~"
            f"AMT*B6*{text_of(asked - cut)}~"
        )
        charge, paid, share = charge + asked, paid + given, share + own
    head = (
        f"CLP*C{number}*1*{text_of(charge)}*{text_of(paid)}*{text_of(share)}*12*P{number}*11*1~"
        f"NM1*QC*1*ROE*ROBIN****MI*M{number}~DTM*232*20260201~DTM*050*20260220~"
    )
    return head + "".join(lines), paid


class Unbalanced(Exception):  # noqa: N818 - it says what the file is
    """A balance does not hold, or a count or an amount is none."""


class _Cents(dict[str, int]):
    """Amounts that were seen before cost a tenth."""

    def __missing__(self, text: str) -> int:
        if len(self) > 100_000:
            self.clear()
        self[text] = value = cents(text)
        return value


def cents(text: str) -> int:
    """Checked integer cents."""
    whole, point, fraction = text.partition(".")
    if len(fraction) > 2 or (point and not fraction):
        raise Unbalanced(text)
    return int(whole + (fraction + "00")[:2]) if whole else int((fraction + "00")[:2])


def bare_loop(chunks: Iterable[bytes]) -> Iterator[tuple[object, ...]]:  # noqa: C901, PLR0912, PLR0915 - it is one loop on purpose
    """Each claim as a tuple with its lines. Raises Unbalanced."""
    carry = ""
    amounts = _Cents()
    claim: list[object] = []
    lines: list[list[object]] = []
    line: list[object] | None = None
    charge = cut = line_cut = line_charge = line_paid = 0
    payment = total = moved = 0
    count = 0
    has_lines = False
    for chunk in chunks:
        text = carry + chunk.decode("ascii")
        segments = text.split("~")
        carry = segments.pop()
        for segment in segments:
            count += 1
            e = segment.split("*")
            tag = e[0]
            if tag == "CAS":
                group = e[1]
                for place in range(2, len(e), 3):
                    amount = amounts[e[place + 1]]
                    if line is None:
                        cut += amount
                        claim[10].append((group, e[place], amount))  # type: ignore[attr-defined]
                    else:
                        line_cut += amount
                        line[7].append((group, e[place], amount))  # type: ignore[attr-defined]
            elif tag == "SVC" or tag == "CLP" or tag == "PLB" or tag == "SE" or tag == "LX":  # noqa: PLR1714 - a set is slower
                if line is not None:
                    if line_charge - line_cut != line_paid:
                        raise Unbalanced("line")
                    cut += line_cut
                    lines.append(line)
                    line = None
                if tag == "SVC":
                    has_lines = True
                    line_charge, line_paid = amounts[e[2]], amounts[e[3]]
                    line_cut = 0
                    charge += line_charge
                    line = [e[1], line_charge, line_paid, e[5] if len(e) > 5 else "", "", "", 0, []]
                    continue
                if claim:
                    if claim[2] - cut != claim[3] or (has_lines and charge != claim[2]):  # type: ignore[operator]
                        raise Unbalanced("claim")
                    claim[9] = lines
                    yield tuple(claim)
                    claim = []
                if tag == "CLP":
                    own, given = amounts[e[3]], amounts[e[4]]
                    total += given
                    charge = cut = 0
                    has_lines = False
                    lines = []
                    claim = [
                        e[1],
                        e[2],
                        own,
                        given,
                        cents(e[5]) if e[5] else None,
                        *e[6:9],
                        "",
                        (),
                        [],
                    ]
                elif tag == "PLB":
                    for place in range(4, len(e), 2):
                        moved += cents(e[place])
                elif tag == "SE" and (count != int(e[1]) or total - moved != payment):
                    raise Unbalanced("transaction")
            elif tag == "DTM":
                if line is not None:
                    line[4] = e[2]
                elif claim:
                    claim[8] = e[2]
            elif tag == "REF":
                if line is not None:
                    line[5] = e[2]
            elif tag == "AMT":
                if line is not None:
                    line[6] = amounts[e[2]]
            elif tag == "ST":
                count, total, moved = 1, 0, 0
            elif tag == "BPR":
                payment = cents(e[2])
