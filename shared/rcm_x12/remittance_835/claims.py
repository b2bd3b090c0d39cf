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
    InpatientRemarks,
    Remark,
    ServicePayment,
)
from rcm_x12.scalars import CENTS, DATES, QUANTITIES
from rcm_x12.values import (
    Adjustment,
    Amount,
    Contact,
    Name,
    OutpatientRemarks,
    Procedure,
    Quantity,
    Reference,
)

_MEMO_MAX: Final = 50_000

_claim = quick(ClaimPayment)
_service = quick(ServicePayment)
_adjustment = quick(Adjustment)
_reference = quick(Reference)
_name = quick(Name)

# What a segment under a CLP or SVC was read into: kind, value, and for a CAS its sum and the part
# of it that is the patient's. Kinds are small integers because the loop compares them.
Known = tuple[int, Any, int, int]
_CAS, _DATE, _REFERENCE, _AMOUNT, _LINE_NUMBER, _REMARK, _QUANTITY, _NAME, _REST = range(9)
_UNREPEATED: Final = frozenset({_LINE_NUMBER, _NAME, _REST})


class Sums:
    """What one claim adds to its transaction, and whether it balances itself."""

    __slots__ = ("adjusted", "charged", "count", "lines", "patient")

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


class ClaimReader:
    """Reads claims of one interchange, whose separators it knows."""

    def __init__(self, element: str, component: str) -> None:
        self._element = element
        self._component = component
        self._procedures: dict[str, Procedure] = {}
        self._known: dict[str, Known] = {}

    def read(self, raw: list[str], starts: list[int], number: str) -> tuple[ClaimPayment, Sums]:
        """A claim from its segments and the places of its SVCs.

        ValueError or IndexError when a segment cannot be read as it stands.
        """
        sums = Sums()
        if not starts:
            return self._claim(raw, (), sums, number), sums
        starts.append(len(raw))
        services = tuple(
            [
                self._service(raw[begin:end], sums)
                for begin, end in zip(starts, starts[1:], strict=False)
            ]
        )
        return self._claim(raw[: starts[0]], services, sums, number), sums

    def _service(self, raw: list[str], sums: Sums) -> ServicePayment:
        """2110."""
        known, learn = self._known.get, self._learn
        adjustments: tuple[Adjustment, ...] = ()
        references: tuple[Reference, ...] = ()
        amounts: tuple[Amount, ...] = ()
        remarks: tuple[Remark, ...] = ()
        quantities: tuple[Quantity, ...] = ()
        number, start, end, adjusted = "", None, None, 0
        for segment in raw[1:]:
            kind, value, total, patient = known(segment) or learn(segment)
            if kind == _CAS:
                adjustments += value
                adjusted += total
                sums.patient += patient
            elif kind == _DATE:
                if value[0] == "151":
                    end = value[1]
                else:
                    start = value[1]
            elif kind == _LINE_NUMBER:
                number = value
            elif kind == _AMOUNT:
                amounts += value
            elif kind == _REFERENCE:
                references += value
            elif kind == _REMARK:
                remarks += value
            elif kind == _QUANTITY:
                quantities += value
        rest = (number, start, end, references, amounts, quantities, remarks)
        return self._line(raw[0].split(self._element), adjustments, adjusted, sums, rest)

    def _line(
        self,
        svc: list[str],
        adjustments: tuple[Adjustment, ...],
        adjusted: int,
        sums: Sums,
        rest: tuple[Any, ...],
    ) -> ServicePayment:
        charge, paid = CENTS[svc[2]], CENTS[svc[3]]
        sums.count += 1
        sums.charged += charge
        sums.adjusted += adjusted
        if charge - adjusted != paid:
            sums.lines.append(sums.count)
        size = len(svc)
        revenue, count, submitted, billed = "", None, None, None
        if size > 4:
            revenue = svc[4]
            count = QUANTITIES[svc[5]] if size > 5 and svc[5] else None
            submitted = self._procedure(svc[6]) if size > 6 and svc[6] else None
            billed = QUANTITIES[svc[7]] if size > 7 and svc[7] else None
        number, *after = rest
        return _service(
            self._procedure(svc[1]),
            charge,
            paid,
            adjustments,
            number,
            revenue,
            count,
            submitted,
            billed,
            *after,
        )

    def _procedure(self, text: str) -> Procedure:
        known = self._procedures.get(text)
        if known is None:
            if len(self._procedures) >= _MEMO_MAX:
                self._procedures.clear()
            known = self._procedures[text] = read_procedure(text, self._component)
        return known

    def _claim(
        self, raw: list[str], services: tuple[ServicePayment, ...], sums: Sums, number: str
    ) -> ClaimPayment:
        """2100 without its lines."""
        known, learn = self._known.get, self._learn
        adjustments: tuple[Adjustment, ...] = ()
        references: tuple[Reference, ...] = ()
        amounts: tuple[Amount, ...] = ()
        quantities: tuple[Quantity, ...] = ()
        names: tuple[tuple[str, Name], ...] = ()
        dates: dict[str, date] = {}
        patient: Name | None = None
        other: list[list[str]] = []
        for segment in raw[1:]:
            kind, value, total, share = known(segment) or learn(segment)
            if kind == _CAS:
                adjustments += value
                sums.adjusted += total
                sums.patient += share
            elif kind == _NAME:
                if patient is None and value[0] == "QC":
                    patient = value[1]
                else:
                    names += (value,)
            elif kind == _DATE:
                dates[value[0]] = value[1]
            elif kind == _AMOUNT:
                amounts += value
            elif kind == _REFERENCE:
                references += value
            elif kind == _LINE_NUMBER:
                references += (_reference("6R", value),)
            elif kind == _QUANTITY:
                quantities += value
            elif kind == _REST:
                other.append(value)
        inpatient, outpatient, contact = _remarks_of(other) if other else (None, None, None)
        day = dates.get
        return _claim(
            *self._head(raw[0].split(self._element)),
            *(adjustments, patient, names, inpatient, outpatient, references),
            *(day("232"), day("233"), day("050"), day("036")),
            *(contact, amounts, quantities, services, number),
        )

    @staticmethod
    def _head(clp: list[str]) -> tuple[Any, ...]:
        """CLP01-13 but CLP10, which the guide does not use."""
        clp += [""] * (14 - len(clp))
        weight, fraction = clp[12], clp[13]
        return (
            clp[1],
            clp[2],
            CENTS[clp[3]],
            CENTS[clp[4]],
            CENTS[clp[5]] if clp[5] else None,
            clp[6],
            clp[7],
            clp[8],
            clp[9],
            clp[11],
            QUANTITIES[weight] if weight else None,
            QUANTITIES[fraction] if fraction else None,
        )

    def _learn(self, segment: str) -> Known:
        """Read a segment, and remember it when it is of a kind that repeats."""
        known = _read(segment.split(self._element))
        if known[0] not in _UNREPEATED:
            if len(self._known) >= _MEMO_MAX:
                self._known.clear()
            self._known[segment] = known
        return known


def _read(parts: list[str]) -> Known:
    tag = parts[0]
    if tag == "REF":
        if parts[1] == "6R":
            return _LINE_NUMBER, parts[2], 0, 0
        return _REFERENCE, (_reference(parts[1], parts[2]),), 0, 0
    if tag == "NM1":
        return _NAME, (parts[1], _read_name(parts)), 0, 0
    if tag == "CAS":
        return _read_adjustments(parts)
    if tag == "DTM":
        return _DATE, (parts[1], DATES[parts[2]]), 0, 0
    if tag == "AMT":
        return _AMOUNT, (Amount(parts[1], CENTS[parts[2]]),), 0, 0
    if tag == "LQ":
        return _REMARK, (Remark(parts[1], parts[2]),), 0, 0
    if tag == "QTY":
        return _QUANTITY, (Quantity(parts[1], QUANTITIES[parts[2]]),), 0, 0
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


def _remarks_of(
    other: list[list[str]],
) -> tuple[InpatientRemarks | None, OutpatientRemarks | None, Contact | None]:
    found = {one[0]: one for one in reversed(other)}
    mia, moa, per = found.get("MIA"), found.get("MOA"), found.get("PER")
    return (
        InpatientRemarks(tuple(mia[1:])) if mia else None,
        read_outpatient_remarks(moa, _raise) if moa else None,
        read_contact(per) if per else None,
    )


def _raise(_code: str, message: str, _element: int) -> None:
    raise ValueError(message)
