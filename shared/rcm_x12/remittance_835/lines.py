"""Loop 2110 of an 835 to a service payment: the hottest path of reading.

A line is its SVC, a date, what was cut and paid, and our control number, which no other line has.
What stands between recurs, since payers have fee schedules, and frozen values may be shared: such a
run of segments is looked up by its text instead of being read again.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from rcm_x12.pieces import at, read_procedure
from rcm_x12.quick import quick
from rcm_x12.remittance_835.parts import (
    AMOUNT,
    CAS,
    DATE,
    MEMO_MAX,
    NAME,
    ONE_TRIPLET,
    QUANTITY,
    REFERENCE,
    REMARK,
    Part,
    adjustment,
    read_part,
)
from rcm_x12.remittance_835.values import Remark, ServicePayment
from rcm_x12.scalars import CENTS, QUANTITIES
from rcm_x12.tokenizer import Separators
from rcm_x12.values import Adjustment, Amount, Procedure, Quantity, Reference

Line = tuple[ServicePayment, int, int, tuple[str, ...]]
"""A line, the sum of its CAS, the patient's part of that, and ids of what has no place in it."""

_Opening = tuple[Procedure, int, int, str, Decimal | None, Procedure | None, Decimal | None]
_Rare = tuple[
    date | None,
    date | None,
    tuple[Reference, ...],
    tuple[Quantity, ...],
    tuple[Remark, ...],
    tuple[str, ...],
]
"""Start, end, references, quantities, remarks and strangers."""
_Run = tuple[tuple[Adjustment, ...], int, int, tuple[Amount, ...], _Rare | None]
"""What several segments say: CAS, its sum, the patient's part, AMT, and whatever is rarer."""
_EMPTY: Final[_Run] = ((), 0, 0, (), None)
_NOTHING_RARE: Final[_Rare] = (None, None, (), (), (), ())

_service = quick(
    ServicePayment,
    opening=(
        *("procedure", "charge_cents", "paid_cents", "revenue_code", "quantity"),
        *("submitted_procedure", "submitted_quantity"),
    ),
)


class LineReader:
    """Reads the lines of one interchange, whose separators it knows."""

    def __init__(self, separators: Separators) -> None:
        self._element = separators.element
        self._component = separators.component
        self._terminator = separators.terminator
        element, terminator = separators.element, separators.terminator
        self._number_mark = f"{terminator}REF{element}6R{element}"
        self._date_marks = (f"DTM{element}472{element}", f"DTM{element}150{element}")
        self._procedures: dict[str, Procedure] = {}
        self._dates: dict[str, date | None] = {"": None}
        self._openings: dict[str, _Opening] = {}
        self._runs: dict[str, _Run] = {"": _EMPTY}
        self._is_varied = False
        """This payer's amounts hardly recur: remembering costs more than it saves."""
        self.count = 0
        """Lines read since memory was empty."""

    def renew(self) -> None:
        """Begin to remember anew when there is no more room."""
        if MEMO_MAX in {len(self._openings), len(self._runs)}:
            self._openings, self._runs, self.count = {}, {"": _EMPTY}, 0

    def read(self, text: str) -> Line:
        """From what follows `SVC*`."""
        terminator = self._terminator
        before, _, after = text.partition(self._number_mark)
        number, _, tail = after.partition(terminator)
        opening, _, body = before.partition(terminator)
        dtm, _, run = body.partition(terminator)
        start = self._dates.get(dtm) or self._date(dtm)
        if start is None:
            run = body
        adjustments, cut, share, amounts, rare = self._runs.get(run) or self._run(run)
        if tail:
            more, more_cut, more_share, paid, rarer = self._runs.get(tail) or self._run(tail)
            amounts += paid
            if more:
                adjustments, cut, share = adjustments + more, cut + more_cut, share + more_share
            rare = _joined(rare, rarer) if rare and rarer else rare or rarer
        begun, end, references, quantities, remarks, strange = rare or _NOTHING_RARE
        service = _service(
            self._openings.get(opening) or self._opening(opening),
            adjustments,
            number if self._element not in number else number.partition(self._element)[0],
            begun or start,
            end,
            references,
            amounts,
            quantities,
            remarks,
        )
        return service, cut, share, strange

    def _opening(self, text: str) -> _Opening:
        """SVC01-07."""
        svc = text.split(self._element)
        units, billed, count = at(svc, 4), at(svc, 5), at(svc, 6)
        opening = (
            self._procedure(svc[0]),
            CENTS[svc[1]],
            CENTS[svc[2]],
            at(svc, 3),
            QUANTITIES[units] if units else None,
            self._procedure(billed) if billed else None,
            QUANTITIES[count] if count else None,
        )
        if not self._is_varied and len(self._openings) < MEMO_MAX:
            self._openings[text] = opening
            self._judge(self._openings)
        return opening

    def _judge(self, memory: Mapping[str, object]) -> None:
        """A memory that is full so soon was of little use."""
        if len(memory) == MEMO_MAX > self.count / 2:
            self._openings, self._runs, self._is_varied = {}, {"": _EMPTY}, True

    def _procedure(self, text: str) -> Procedure:
        known = self._procedures.get(text)
        if known is None:
            known = read_procedure(text, self._component)
            if len(self._procedures) < MEMO_MAX:
                self._procedures[text] = known
        return known

    def _date(self, dtm: str) -> date | None:
        """The day of a line, if this is the segment that says it."""
        if not dtm.startswith(self._date_marks):
            return None
        day: date = read_part(dtm.split(self._element))[1][1]
        if len(self._dates) < MEMO_MAX:
            self._dates[dtm] = day
        return day

    def _run(self, text: str) -> _Run:
        """Several segments at once."""
        adjustments: list[Adjustment] = []
        amounts: list[Amount] = []
        rare: list[Part] = []
        cut = share = 0
        element = self._element
        for segment in text.split(self._terminator) if text else ():
            parts = segment.split(element)
            if parts[0] == "CAS" and len(parts) == ONE_TRIPLET:
                # By far the most frequent, and `read_part` would say the same.
                amount = CENTS[parts[3]]
                adjustments.append(adjustment(parts[1], parts[2], amount, None))
                cut += amount
                if parts[1] == "PR":
                    share += amount
                continue
            part = read_part(parts)
            kind, value, total, patient = part
            if kind == CAS:
                adjustments += value
                cut += total
                share += patient
            elif kind == AMOUNT:
                amounts += value
            else:
                rare.append(part)
        said = _sorted(rare) if rare else None
        run = (tuple(adjustments), cut, share, tuple(amounts), said)
        # A reference is somebody's own and does not come again.
        if not self._is_varied and len(self._runs) < MEMO_MAX and not (run[4] and run[4][2]):
            self._runs[text] = run
            self._judge(self._runs)
        return run


def _sorted(parts: Sequence[Part]) -> _Rare:
    dates = {value[0]: value[1] for kind, value, _, _ in parts if kind == DATE}
    starts = [day for qualifier, day in dates.items() if qualifier != "151"]
    strange = {"NM1" if one[0] == NAME else one[1][0] for one in parts if one[0] >= NAME}
    return (
        starts[-1] if starts else None,
        dates.get("151"),
        tuple(one for kind, value, _, _ in parts if kind == REFERENCE for one in value),
        tuple(value for kind, value, _, _ in parts if kind == QUANTITY),
        tuple(value for kind, value, _, _ in parts if kind == REMARK),
        tuple(sorted(strange)),
    )


def _joined(one: _Rare, two: _Rare) -> _Rare:
    return (
        two[0] or one[0],
        two[1] or one[1],
        one[2] + two[2],
        one[3] + two[3],
        one[4] + two[4],
        one[5] + two[5],
    )
