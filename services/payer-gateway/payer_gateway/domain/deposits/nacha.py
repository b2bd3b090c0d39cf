"""A NACHA file of CCD+ entries: 94 characters a record, read strictly by position.

1 opens the file, 5 a batch, 6 is an entry and 7 its addenda, which carries the payer's TRN segment;
8 closes the batch and 9 the file, each with counts, an entry hash and totals that must agree. Lines
of nines fill the last block.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from payer_gateway.domain.deposits.deposit import Imported, Misread, NewDeposit
from payer_gateway.domain.deposits.trace import trace_in

RECORD_LENGTH = 94
BLOCKING = 10
RECORDS_MAX = 200_000
ERRORS_MAX = 100
HASH_DIGITS = 10
FILLER = "9" * RECORD_LENGTH

CREDITS = frozenset({"22", "32"})
"""Transaction codes of money into a checking or savings account."""
DEBITS = frozenset({"27", "37"})
PRENOTES = frozenset({"23", "33", "28", "38"})
"""No money: they only try the way."""
CORPORATE = frozenset({"CCD", "CTX"})
"""Standard entry classes in which payers pay providers."""
PAYMENT_ADDENDA = "05"
SERVICE_CLASSES = frozenset({"200", "220", "225"})

_FOLLOWERS = {
    "": "1",
    "1": "59",
    "5": "6",
    "6": "678",
    "7": "678",
    "8": "59",
    "9": "",
}
"""What may come after each record type."""


@dataclass(slots=True)
class _Totals:
    """What the control records count."""

    entries: int = 0
    entry_hash: int = 0
    debit_cents: int = 0
    credit_cents: int = 0

    def add(self, other: "_Totals") -> None:
        self.entries += other.entries
        self.entry_hash += other.entry_hash
        self.debit_cents += other.debit_cents
        self.credit_cents += other.credit_cents


@dataclass(slots=True)
class _Entry:
    """A record 6 with what its addenda say."""

    row: int
    code: str
    amount_cents: int
    trace: str
    expects_addenda: bool
    addenda: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    """A record 5 and what follows it."""

    class_code: str
    effective_on: date | None
    company_id: str
    number: str
    totals: _Totals = field(default_factory=_Totals)
    entries: list[_Entry] = field(default_factory=list)


def read_nacha(content: str) -> Imported:
    """Every credit of the file, or what is wrong with it by line and position."""
    lines = content.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1]:
        lines.pop()
    reader = _Reader()
    reader.read(lines)
    if reader.errors:
        return Imported(errors=tuple(reader.errors[:ERRORS_MAX]))
    return Imported(tuple(reader.deposits), reader.skipped)


class _Reader:
    def __init__(self) -> None:
        self.deposits: list[NewDeposit] = []
        self.errors: list[Misread] = []
        self.skipped = 0
        self._totals = _Totals()
        self._batches = 0
        self._batch: _Batch | None = None
        self._row = 0

    def read(self, lines: list[str]) -> None:
        if not lines or len(lines) > RECORDS_MAX:
            self._say("record", "the file is empty or too long")
            return
        records = self._records(lines)
        if self.errors:
            return
        kinds = ["", *(record[0] for record in records)]
        for row, (before, kind) in enumerate(pairwise(kinds), 1):
            if kind not in _FOLLOWERS[before]:
                self._row = row
                self._say("positions 1-1", "this record type may not stand here")
                return
        if kinds[-1] != "9":
            self._say("record", "the file ends before its control record")
            return
        for self._row, record in enumerate(records, 1):
            getattr(self, f"_type_{record[0]}")(record)
        if len(lines) % BLOCKING:
            self._say("record", "the last block of ten records is not full")

    def _records(self, lines: list[str]) -> list[str]:
        """The records without the filling of the last block; each of the right shape."""
        last = len(lines)
        while last and lines[last - 1] == FILLER:
            last -= 1
        for self._row, line in enumerate(lines[:last], 1):
            if len(line) != RECORD_LENGTH:
                self._say("record", f"is not {RECORD_LENGTH} characters long")
            elif not (line.isascii() and line.isprintable()):
                self._say("record", "holds a character that NACHA does not allow")
            elif line[0] not in "156789":
                self._say("positions 1-1", "is not a record type")
        self._row = last
        return lines[:last]

    def _type_1(self, record: str) -> None:
        self._require(record, 2, 3, expected="01", rule="the priority code is 01")
        self._require(record, 35, 37, expected="094", rule="the record size is 094")
        self._require(record, 38, 39, expected="10", rule="the blocking factor is 10")
        self._require(record, 40, 40, expected="1", rule="the format code is 1")
        self._day(record, 24, 29)

    def _type_5(self, record: str) -> None:
        if record[1:4] not in SERVICE_CLASSES:
            self._say("positions 2-4", "is not a service class")
        effective_on = self._day(record, 70, 75)
        self._batch = _Batch(record[50:53], effective_on, record[40:50].strip(), record[87:94])
        if record[50:53] not in CORPORATE:
            self._say("positions 51-53", "is neither CCD nor CTX")

    def _type_6(self, record: str) -> None:
        batch = self._open_batch()
        code = record[1:3]
        if code not in CREDITS | DEBITS | PRENOTES:
            self._say("positions 2-3", "is not a transaction code of money in or out")
        routing = self._number(record, 4, 11)
        if self._number(record, 12, 12) != _check_digit(record[3:11]):
            self._say("positions 12-12", "is not the check digit of the receiving bank")
        cents = self._number(record, 30, 39)
        if record[78] not in "01":
            self._say("positions 79-79", "is not 0 or 1")
        self._number(record, 80, 94)
        totals = _Totals(1, routing)
        if code in CREDITS:
            totals.credit_cents = cents
        else:
            totals.debit_cents = cents if code in DEBITS else 0
        batch.totals.add(totals)
        batch.entries.append(_Entry(self._row, code, cents, record[79:94], record[78] == "1"))

    def _type_7(self, record: str) -> None:
        batch = self._open_batch()
        batch.totals.entries += 1
        self._require(record, 2, 3, expected=PAYMENT_ADDENDA, rule="the addenda type is 05")
        entry = batch.entries[-1]
        if not entry.expects_addenda:
            self._say("positions 1-1", "the entry says that it has no addenda")
        if self._number(record, 84, 87) != len(entry.addenda) + 1:
            self._say("positions 84-87", "is not the next number of this entry's addenda")
        if record[87:94] != entry.trace[-7:]:
            self._say("positions 88-94", "is not the number of the entry before")
        entry.addenda.append(record[3:83])

    def _type_8(self, record: str) -> None:
        batch = self._open_batch()
        self._control(record, batch.totals, ((5, 10), (11, 20), (21, 32), (33, 44)))
        if record[44:54].strip() != batch.company_id:
            self._say("positions 45-54", "is not the company of the batch")
        if record[87:94] != batch.number:
            self._say("positions 88-94", "is not the number of the batch")
        self._totals.add(batch.totals)
        self._batches += 1
        self._take(batch)
        self._batch = None

    def _type_9(self, record: str) -> None:
        if self._number(record, 2, 7) != self._batches:
            self._say("positions 2-7", "is not the number of batches")
        blocks = -(-self._row // BLOCKING)
        if self._number(record, 8, 13) != blocks:
            self._say("positions 8-13", "is not the number of blocks of ten records")
        self._control(record, self._totals, ((14, 21), (22, 31), (32, 43), (44, 55)))

    def _control(self, record: str, totals: _Totals, places: tuple[tuple[int, int], ...]) -> None:
        """Count, hash, debits and credits, in this order, in records 8 and 9."""
        counted = (
            totals.entries,
            totals.entry_hash % 10**HASH_DIGITS,
            totals.debit_cents,
            totals.credit_cents,
        )
        names = ("count of entries and addenda", "entry hash", "sum of debits", "sum of credits")
        for (first, last), expected, name in zip(places, counted, names, strict=True):
            if self._number(record, first, last) != expected:
                self._say(f"positions {first}-{last}", f"is not the {name}")

    def _take(self, batch: _Batch) -> None:
        for entry in batch.entries:
            self._row = entry.row
            if entry.expects_addenda and not entry.addenda:
                self._say("positions 79-79", "the entry's addenda are missing")
            elif entry.code not in CREDITS or not entry.amount_cents:
                self.skipped += 1
            elif batch.effective_on is not None:
                self.deposits.append(_deposit(batch, entry, batch.effective_on))

    def _open_batch(self) -> _Batch:
        assert self._batch is not None  # noqa: S101 - the order of records was checked
        return self._batch

    def _number(self, record: str, first: int, last: int) -> int:
        text = record[first - 1 : last]
        if text.isdecimal():
            return int(text)
        self._say(f"positions {first}-{last}", "is not a number")
        return -1

    def _day(self, record: str, first: int, last: int) -> date | None:
        try:
            return datetime.strptime(record[first - 1 : last], "%y%m%d").date()  # noqa: DTZ007
        except ValueError:
            self._say(f"positions {first}-{last}", "is not a date (YYMMDD)")
            return None

    def _require(self, record: str, first: int, last: int, *, expected: str, rule: str) -> None:
        if record[first - 1 : last] != expected:
            self._say(f"positions {first}-{last}", rule)

    def _say(self, place: str, reason: str) -> None:
        self.errors.append(Misread(self._row, place, reason))


def _deposit(batch: _Batch, entry: _Entry, effective_on: date) -> NewDeposit:
    trace = trace_in("".join(entry.addenda))
    return NewDeposit(
        f"ACH-{effective_on:%Y%m%d}-{entry.trace}",
        effective_on,
        entry.amount_cents,
        trace.number if trace else "",
        trace.company_id if trace else batch.company_id,
    )


def _check_digit(routing: str) -> int:
    """The ninth digit of an ABA number: weights 3, 7, 1."""
    if not routing.isdecimal():
        return -1
    total = sum(int(digit) * weight for digit, weight in zip(routing, (3, 7, 1) * 3, strict=False))
    return -total % 10
