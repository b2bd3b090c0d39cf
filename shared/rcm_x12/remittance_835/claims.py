"""Loop 2100 of an 835 to a claim payment: the hot path of reading.

What stands under a CLP or SVC repeats a lot (the same adjustment, date, allowed amount), and frozen
values may be shared: a segment seen before is looked up by its text instead of being read again.
All amounts, dates and numbers are assumed to be readable; when one is not, `repair` takes it out,
says so in a finding, and the claim is read again.
"""

from datetime import date
from typing import Any, Final

from rcm_x12.pieces import at, read_contact, read_outpatient_remarks, read_procedure
from rcm_x12.quick import quick
from rcm_x12.remittance_835.values import (
    ClaimPayment,
    Remark,
    ServicePayment,
)
from rcm_x12.scalars import CENTS, DATES, QUANTITIES
from rcm_x12.tokenizer import Separators
from rcm_x12.values import (
    Adjustment,
    Amount,
    Contact,
    InpatientRemarks,
    Name,
    OutpatientRemarks,
    Procedure,
    Quantity,
    Reference,
)

_MEMO_MAX: Final = 50_000

_claim = quick(
    ClaimPayment,
    head=(
        *("control_number", "status_code", "charge_cents", "paid_cents"),
        *("patient_responsibility_cents", "filing_code", "payer_claim_number", "facility_code"),
        *("frequency_code", "drg_code", "drg_weight", "discharge_fraction"),
    ),
    remarks=("inpatient_remarks", "outpatient_remarks"),
    days=("service_from", "service_to", "received_on", "coverage_expired_on"),
)
_service = quick(
    ServicePayment,
    rest=("revenue_code", "quantity", "submitted_procedure", "submitted_quantity"),
    counted=("quantities", "remarks"),
)
_adjustment = quick(Adjustment)
_reference = quick(Reference)
_name = quick(Name)

# What a segment under a CLP or SVC was read into: kind, value, and for a CAS its sum and the part
# of it that is the patient's. Kinds are small integers because the loop compares them.
Known = tuple[int, Any, int, int]
_CAS, _DATE, _REFERENCE, _AMOUNT, _REMARK, _QUANTITY, _NAME, _REST = range(8)
_UNREPEATED: Final = frozenset({_REFERENCE, _REST})
_PATIENTS: Final = frozenset({"QC", "IL", "74"})
"""Names that differ from claim to claim; a provider or carrier recurs."""


class Sums:
    """What one claim adds to its transaction, and whether it balances itself."""

    __slots__ = ("adjusted", "charged", "count", "lines", "patient", "strangers")

    def __init__(self) -> None:
        self.count = 0
        """Lines read."""
        self.adjusted = 0
        """CAS of the claim and of all its lines."""
        self.patient = 0
        """Of these, group PR."""
        self.charged = 0
        """Sum of SVC02."""
        self.lines: list[int] = []
        """Ordinals of lines that do not balance, from 1."""
        self.strangers: list[str] = []
        """Ids of segments that have no place in a claim."""


class ClaimReader:
    """Reads claims of one interchange, whose separators it knows."""

    def __init__(self, separators: Separators) -> None:
        self._element = separators.element
        self._component = separators.component
        self._terminator = separators.terminator
        self._line_mark = f"{separators.terminator}SVC{separators.element}"
        self._number_mark = f"REF{separators.element}6R{separators.element}"
        self._procedures: dict[str, Procedure] = {}
        self._known: dict[str, Known] = {}

    def read(self, text: str, number: str) -> tuple[ClaimPayment, Sums]:
        """A claim from what follows its `CLP*`, terminators between segments.

        ValueError or IndexError when a segment cannot be read as it stands.
        """
        sums = Sums()
        head, *lines = text.split(self._line_mark)
        services = tuple([self._service(line, sums) for line in lines])
        return self._claim(head, services, sums, number), sums

    def _service(self, text: str, sums: Sums) -> ServicePayment:
        """2110, from what follows its `SVC*`."""
        known = self._known.get
        adjustments: tuple[Adjustment, ...] = ()
        references: tuple[Reference, ...] = ()
        amounts: tuple[Amount, ...] = ()
        other: tuple[Known, ...] = ()
        number, start, end, adjusted = "", None, None, 0
        opening, *segments = text.split(self._terminator)
        for segment in segments:
            one = known(segment)
            if one is None and not number and segment[:7] == self._number_mark:
                number = segment[7:]
                continue
            one = one or self._learn(segment)
            kind, value, total, patient = one
            if kind == _CAS:
                adjustments += value
                adjusted += total
                sums.patient += patient
            elif kind == _DATE and value[0] != "151":
                start = value[1]
            elif kind == _DATE:
                end = value[1]
            elif kind == _AMOUNT:
                amounts += value
            elif kind == _REFERENCE:
                references += value
            else:
                other += (one,)
        svc = opening.split(self._element)
        charge, paid = CENTS[svc[1]], CENTS[svc[2]]
        sums.count += 1
        sums.charged += charge
        sums.adjusted += adjusted
        if charge - adjusted != paid:
            sums.lines.append(sums.count)
        return _service(
            self._procedures.get(svc[0]) or self._procedure(svc[0]),
            charge,
            paid,
            adjustments,
            number,
            self._rest(svc) if len(svc) > 3 else _NO_REST,
            start,
            end,
            references,
            amounts,
            _counted(other, sums) if other else _NOTHING,
        )

    def _rest(self, svc: list[str]) -> tuple[Any, ...]:
        """SVC04-07: revenue code, units paid, what was billed and how many."""
        svc += [""] * (7 - len(svc))
        count, billed = svc[4], svc[6]
        return (
            svc[3],
            QUANTITIES[count] if count else None,
            self._procedure(svc[5]) if svc[5] else None,
            QUANTITIES[billed] if billed else None,
        )

    def _procedure(self, text: str) -> Procedure:
        known = self._procedures.get(text)
        if known is None:
            if len(self._procedures) >= _MEMO_MAX:
                self._procedures.clear()
            known = self._procedures[text] = read_procedure(text, self._component)
        return known

    def _claim(
        self, text: str, services: tuple[ServicePayment, ...], sums: Sums, number: str
    ) -> ClaimPayment:
        """2100 without its lines."""
        known, learn = self._known.get, self._learn
        opening, *segments = text.split(self._terminator)
        adjustments: tuple[Adjustment, ...] = ()
        references: tuple[Reference, ...] = ()
        amounts: tuple[Amount, ...] = ()
        names: tuple[tuple[str, Name], ...] = ()
        dates: dict[str, date] = {}
        patient: Name | None = None
        other: list[Known] = []
        for segment in segments:
            one = known(segment) or learn(segment)
            kind, value, total, share = one
            if kind == _NAME:
                if patient is None and value[0] == "QC":
                    patient = value[1]
                else:
                    names += (value,)
            elif kind == _DATE:
                dates[value[0]] = value[1]
            elif kind == _AMOUNT:
                amounts += value
            elif kind == _CAS:
                adjustments += value
                sums.adjusted += total
                sums.patient += share
            elif kind == _REFERENCE:
                references += value
            else:
                other.append(one)
        remarks, contact, quantities = _few(other, sums) if other else _NONE
        day = dates.get
        return _claim(
            self._head(opening.split(self._element)),
            adjustments,
            patient,
            names,
            remarks,
            references,
            (day("232"), day("233"), day("050"), day("036")) if dates else _NO_DAYS,
            contact,
            amounts,
            quantities,
            services,
            number,
        )

    @staticmethod
    def _head(clp: list[str]) -> tuple[Any, ...]:
        """CLP01-13 but CLP10, which the guide does not use."""
        clp += [""] * (13 - len(clp))
        weight, fraction = clp[11], clp[12]
        return (
            clp[0],
            clp[1],
            CENTS[clp[2]],
            CENTS[clp[3]],
            CENTS[clp[4]] if clp[4] else None,
            *clp[5:9],
            clp[10],
            QUANTITIES[weight] if weight else None,
            QUANTITIES[fraction] if fraction else None,
        )

    def _learn(self, segment: str) -> Known:
        """Read a segment, and remember it when it is of a kind that repeats."""
        known = _read(segment.split(self._element))
        kind = known[0]
        if kind not in _UNREPEATED and (kind != _NAME or known[1][0] not in _PATIENTS):
            if len(self._known) >= _MEMO_MAX:
                self._known.clear()
            self._known[segment] = known
        return known


_NO_REST: Final = ("", None, None, None)
_NOTHING: Final[tuple[tuple[Quantity, ...], tuple[Remark, ...]]] = ((), ())


def _counted(
    other: tuple[Known, ...], sums: Sums
) -> tuple[tuple[Quantity, ...], tuple[Remark, ...]]:
    """QTY and LQ of a line."""
    sums.strangers += {one[1][0] for one in other if one[0] in {_REST, _NAME}}
    quantities = tuple(one[1] for one in other if one[0] == _QUANTITY)
    return quantities, tuple(one[1] for one in other if one[0] == _REMARK)


def _read(parts: list[str]) -> Known:  # noqa: PLR0911 - one return for each kind of segment
    tag = parts[0]
    if tag == "REF":
        return _REFERENCE, (_reference(parts[1], parts[2], ""),), 0, 0
    if tag == "NM1":
        return _NAME, (parts[1], _read_name(parts)), 0, 0
    if tag == "CAS":
        return _read_adjustments(parts)
    if tag == "DTM":
        return _DATE, (parts[1], DATES[parts[2]]), 0, 0
    if tag == "AMT":
        return _AMOUNT, (Amount(parts[1], CENTS[parts[2]]),), 0, 0
    if tag == "LQ":
        return _REMARK, Remark(parts[1], parts[2]), 0, 0
    if tag == "QTY":
        return _QUANTITY, Quantity(parts[1], QUANTITIES[parts[2]]), 0, 0
    return _REST, parts, 0, 0


def _read_adjustments(cas: list[str]) -> Known:
    """The triplets of one CAS; an empty quantity keeps its place."""
    group, size, total = cas[1], len(cas), 0
    found = []
    for place in range(2, size, 3):
        if not cas[place] and not at(cas, place + 1):
            continue
        amount, count = CENTS[cas[place + 1]], at(cas, place + 2)
        found.append(_adjustment(group, cas[place], amount, QUANTITIES[count] if count else None))
        total += amount
    return _CAS, tuple(found), total, total if group == "PR" else 0


def _read_name(nm1: list[str]) -> Name:
    if len(nm1) < 10:
        nm1 += [""] * (10 - len(nm1))
    return _name(nm1[3], nm1[4], nm1[5], nm1[7], nm1[2] == "1", nm1[8], nm1[9])


_NO_DAYS: Final = (None, None, None, None)
_Remarks = tuple[InpatientRemarks | None, OutpatientRemarks | None]
_NONE: Final[tuple[_Remarks, Contact | None, tuple[Quantity, ...]]] = ((None, None), None, ())


def _few(other: list[Known], sums: Sums) -> tuple[_Remarks, Contact | None, tuple[Quantity, ...]]:
    """MIA, MOA, PER and QTY of a claim."""
    found = {one[1][0]: one[1] for one in reversed(other) if one[0] == _REST}
    sums.strangers += found.keys() - {"MIA", "MOA", "PER"}
    mia, moa, per = found.get("MIA"), found.get("MOA"), found.get("PER")
    remarks = (
        InpatientRemarks(tuple(mia[1:])) if mia else None,
        read_outpatient_remarks(moa, _raise) if moa else None,
    )
    quantities = tuple(one[1] for one in other if one[0] == _QUANTITY)
    return remarks, read_contact(per) if per else None, quantities


def _raise(_code: str, message: str, _element: int) -> None:
    raise ValueError(message)
