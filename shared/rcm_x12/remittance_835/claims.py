"""Loop 2100 of an 835 to a claim payment: the hot path of reading, so it dispatches by plain ifs.

It assumes that every amount, date and number can be read. When one cannot, `repair` takes it out,
says so in a finding, and the claim is read again.
"""

from datetime import date

from rcm_x12.pieces import at, read_contact, read_outpatient_remarks, read_procedure
from rcm_x12.quick import quick
from rcm_x12.remittance_835.values import (
    ClaimPayment,
    InpatientRemarks,
    Remark,
    ServicePayment,
)
from rcm_x12.scalars import CENTS, DATES, quantity
from rcm_x12.values import Adjustment, Amount, Name, Procedure, Quantity, Reference

_PROCEDURES_MAX = 50_000

_claim = quick(ClaimPayment)
_service = quick(ServicePayment)
_adjustment = quick(Adjustment)
_amount = quick(Amount)
_reference = quick(Reference)
_name = quick(Name)


class Sums:
    """What one claim adds to its transaction, and whether it balances itself."""

    __slots__ = ("adjusted", "charged", "count", "lines", "paid", "patient")

    def __init__(self) -> None:
        self.count = 0
        """Lines read."""
        self.adjusted = 0
        """CAS of the claim and of all its lines."""
        self.patient = 0
        """Of these, group PR."""
        self.charged = 0
        """Sum of SVC02."""
        self.paid = 0
        """Sum of SVC03."""
        self.lines: list[int] = []
        """Ordinals of lines that do not balance, from 1."""


class ClaimReader:
    """Reads claims of one interchange, whose separators it knows."""

    def __init__(self, element: str, component: str) -> None:
        self._element = element
        self._component = component
        self._procedures: dict[str, Procedure] = {}

    def read(self, raw: list[str], starts: list[int], number: str) -> tuple[ClaimPayment, Sums]:
        """A claim from its segments and the places of its SVCs. ValueError when one is unreadable."""
        sums = Sums()
        first = starts[0] if starts else len(raw)
        services = []
        if starts:
            ends = [*starts[1:], len(raw)]
            for begin, end in zip(starts, ends, strict=True):
                services.append(self._service(raw[begin:end], sums))
        return self._claim(raw[:first], tuple(services), sums, number), sums

    def _service(self, raw: list[str], sums: Sums) -> ServicePayment:
        svc = raw[0].split(self._element)
        svc += [""] * (8 - len(svc))
        charge, paid = CENTS[svc[2]], CENTS[svc[3]]
        parts = self._collect(raw, sums)
        number = ""
        references = parts.references
        for index, reference in enumerate(references):
            if reference.qualifier == "6R":
                number = references.pop(index).value
                break
        sums.count += 1
        sums.charged += charge
        sums.paid += paid
        if charge - parts.adjusted != paid:
            sums.lines.append(sums.count)
        day, other = parts.dates.get, parts.other
        return _service(
            self._procedure(svc[1]),
            charge,
            paid,
            tuple(parts.adjustments),
            number,
            svc[4],
            quantity(svc[5]) if svc[5] else None,
            self._procedure(svc[6]) if svc[6] else None,
            quantity(svc[7]) if svc[7] else None,
            day("472") or day("150"),
            day("151"),
            tuple(references),
            tuple(parts.amounts),
            _quantities(other) if other else (),
            _remarks(other) if other else (),
        )

    def _collect(self, raw: list[str], sums: Sums) -> "_Parts":
        """What stands under a CLP or an SVC, by kind."""
        element = self._element
        parts = _Parts()
        for segment in raw[1:]:
            one = segment.split(element)
            tag = one[0]
            if tag == "CAS":
                parts.adjusted += self._adjust(one, parts.adjustments, sums)
            elif tag == "DTM":
                parts.dates[one[1]] = DATES[one[2]]
            elif tag == "REF":
                parts.references.append(_reference(one[1], one[2]))
            elif tag == "AMT":
                parts.amounts.append(_amount(one[1], CENTS[one[2]]))
            elif tag == "NM1":
                parts.names.append((one[1], _read_name(one)))
            else:
                parts.other.append(one)
        sums.adjusted += parts.adjusted
        return parts

    def _adjust(self, cas: list[str], into: list[Adjustment], sums: Sums) -> int:
        """The triplets of one CAS; an empty quantity keeps its place."""
        group = cas[1]
        total = 0
        size = len(cas)
        for place in range(2, size, 3):
            if not cas[place] and not any(cas[place + 1 : place + 2]):
                continue
            amount = CENTS[cas[place + 1]]
            count = cas[place + 2] if place + 2 < size else ""
            into.append(_adjustment(group, cas[place], amount, quantity(count) if count else None))
            total += amount
        if group == "PR":
            sums.patient += total
        return total

    def _procedure(self, text: str) -> Procedure:
        """Procedures repeat, and are frozen, so equal text is one value."""
        known = self._procedures.get(text)
        if known is None:
            if len(self._procedures) >= _PROCEDURES_MAX:
                self._procedures.clear()
            known = self._procedures[text] = read_procedure(text, self._component)
        return known

    def _claim(
        self, raw: list[str], services: tuple[ServicePayment, ...], sums: Sums, number: str
    ) -> ClaimPayment:
        clp = raw[0].split(self._element)
        clp += [""] * (14 - len(clp))
        parts = self._collect(raw, sums)
        names, other, day = parts.names, parts.other, parts.dates.get
        patient = next((name for code, name in names if code == "QC"), None)
        found = {one[0]: one for one in reversed(other)} if other else _NONE
        mia, moa, per = found.get("MIA"), found.get("MOA"), found.get("PER")
        return _claim(
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
            quantity(clp[12]) if clp[12] else None,
            quantity(clp[13]) if clp[13] else None,
            tuple(parts.adjustments),
            patient,
            tuple([each for each in names if each[1] is not patient]),
            InpatientRemarks(tuple(mia[1:])) if mia else None,
            read_outpatient_remarks(moa, _raise) if moa else None,
            tuple(parts.references),
            day("232"),
            day("233"),
            day("050"),
            day("036"),
            read_contact(per) if per else None,
            tuple(parts.amounts),
            _quantities(other) if other else (),
            services,
            number,
        )


class _Parts:
    """Segments under one CLP or SVC, by kind."""

    __slots__ = ("adjusted", "adjustments", "amounts", "dates", "names", "other", "references")

    def __init__(self) -> None:
        self.adjusted = 0
        self.adjustments: list[Adjustment] = []
        self.amounts: list[Amount] = []
        self.dates: dict[str, date] = {}
        self.names: list[tuple[str, Name]] = []
        self.other: list[list[str]] = []
        self.references: list[Reference] = []


_NONE: dict[str, list[str]] = {}


def _raise(_code: str, message: str, _element: int) -> None:
    raise ValueError(message)


def _read_name(nm1: list[str]) -> Name:
    size = len(nm1)
    if size > 9:
        return _name(nm1[3], nm1[4], nm1[5], nm1[7], nm1[2] == "1", nm1[8], nm1[9])
    return _name(
        at(nm1, 3), at(nm1, 4), at(nm1, 5), at(nm1, 7), at(nm1, 2) == "1", at(nm1, 8), at(nm1, 9)
    )


def _quantities(other: list[list[str]]) -> tuple[Quantity, ...]:
    return tuple(Quantity(qty[1], quantity(qty[2])) for qty in other if qty[0] == "QTY")


def _remarks(other: list[list[str]]) -> tuple[Remark, ...]:
    return tuple(Remark(lq[1], lq[2]) for lq in other if lq[0] == "LQ")
