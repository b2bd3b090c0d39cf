"""Loop 2100 of an 835 to a claim payment, with its lines and the three things that must add up.

All amounts, dates and numbers are assumed to be readable; when one is not, `repair` takes it out,
says so in a finding, and the claim is read again. Sums are kept in locals and looked at once; only
a claim with something to say about gives them away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from rcm_x12.pieces import at, read_contact, read_outpatient_remarks
from rcm_x12.quick import quick
from rcm_x12.remittance_835.lines import LineReader
from rcm_x12.remittance_835.parts import (
    AMOUNT,
    CAS,
    DATE,
    MEMO_MAX,
    NAME,
    QUANTITY,
    REFERENCE,
    REMARK,
    REST,
    Part,
    read_name,
    read_part,
)
from rcm_x12.remittance_835.values import ClaimPayment, ServicePayment
from rcm_x12.scalars import CENTS, QUANTITIES
from rcm_x12.tokenizer import Separators
from rcm_x12.values import (
    Adjustment,
    Amount,
    Contact,
    InpatientRemarks,
    Name,
    OutpatientRemarks,
    Quantity,
    Reference,
)

_USUAL: Final = 9
"""Elements of a CLP without a DRG."""
_PATIENTS: Final = frozenset({"QC", "IL", "74"})
"""Names that differ from claim to claim; a provider or carrier recurs."""

_Names = tuple[tuple[str, Name], ...]
_Days = tuple[date | None, date | None, date | None, date | None]
_Remarks = tuple[InpatientRemarks | None, OutpatientRemarks | None]
_Few = tuple[_Remarks, Contact | None, tuple[Quantity, ...], tuple[str, ...]]
"""MIA and MOA, PER, QTY, and ids of what has no place in a claim."""
_Rest = tuple[
    tuple[Adjustment, ...],
    int,
    int,
    _Names,
    _Days,
    tuple[Reference, ...],
    tuple[Amount, ...],
    _Few,
]
"""CAS, its sum and the patient's part of it; NM1, DTM, REF, AMT, and what is rarer."""
_NO_DAYS: Final[_Days] = (None, None, None, None)
_NONE: Final[_Few] = ((None, None), None, (), ())

_claim = quick(
    ClaimPayment,
    rare=("frequency_code", "drg_code", "drg_weight", "discharge_fraction"),
    remarks=("inpatient_remarks", "outpatient_remarks"),
    days=("service_from", "service_to", "received_on", "coverage_expired_on"),
)


@dataclass(slots=True)
class Sums:
    """What one claim adds up to, where not everything is as it should be."""

    count: int = 0
    """Lines read."""
    charged: int = 0
    """Sum of SVC02."""
    adjusted: int = 0
    """CAS of the claim and of all its lines."""
    patient: int = 0
    """Of these, group PR."""
    lines: tuple[int, ...] = ()
    """Ordinals of lines that do not balance, from 1."""
    strangers: tuple[str, ...] = ()
    """Ids of segments that have no place in a claim."""


class ClaimReader:
    """Reads claims of one interchange, whose separators it knows."""

    def __init__(self, separators: Separators) -> None:
        self.separators = separators
        self._element = separators.element
        self._terminator = separators.terminator
        self._line_mark = f"{separators.terminator}SVC{separators.element}"
        self._patient_mark = f"NM1{separators.element}QC"
        self._lines = LineReader(separators)
        self._known: dict[str, Part] = {}
        self._rests: dict[str, _Rest] = {}

    def renew(self) -> None:
        """Begin to remember anew, when there is no more room."""
        if len(self._known) >= MEMO_MAX:
            self._known = {}
        if len(self._rests) >= MEMO_MAX:
            self._rests = {}
        self._lines.renew()

    def read(self, text: str, number: str) -> tuple[ClaimPayment, Sums | None]:
        """A claim from what follows its `CLP*`, and its sums unless all is as it should be.

        ValueError or IndexError when a segment cannot be read as it stands, Ended when one has its
        place behind the claim.
        """
        lines = text.split(self._line_mark)
        head, read_line = lines.pop(0), self._lines.read
        services = []
        charged = adjusted = patient = 0
        unbalanced: list[int] = []
        strangers: list[str] = []
        for line in lines:
            service, cut, share, strange = read_line(line)
            services.append(service)
            charge = service.charge_cents
            charged += charge
            adjusted += cut
            patient += share
            if charge - cut != service.paid_cents:
                unbalanced.append(len(services))
            if strange:
                strangers += strange
        self._lines.count += len(services)
        claim, cut, share, strange = self._claim(head, tuple(services), number)
        charge, adjusted, patient = claim.charge_cents, adjusted + cut, patient + share
        stated = claim.patient_responsibility_cents
        if (
            charge - adjusted == claim.paid_cents
            and (stated == patient or stated is None)
            and (charge == charged or not services)
            and not (unbalanced or strangers or strange)
        ):
            return claim, None
        odd = (*strangers, *strange)
        return claim, Sums(len(services), charged, adjusted, patient, tuple(unbalanced), odd)

    def _claim(
        self, text: str, services: tuple[ServicePayment, ...], number: str
    ) -> tuple[ClaimPayment, int, int, tuple[str, ...]]:
        """2100 without its lines, with its own CAS, the patient's part of that, and strangers."""
        opening, _, rest = text.partition(self._terminator)
        clp = opening.split(self._element)
        if len(clp) < _USUAL:
            clp += [""] * (_USUAL - len(clp))
        patient = None
        if rest[:6] == self._patient_mark:
            nm1, _, rest = rest.partition(self._terminator)
            patient = read_name(nm1.split(self._element))
        said = self._rests.get(rest) or self._rest(rest)
        adjustments, cut, share, names, days, references, amounts, few = said
        if patient is None and names:
            patient, names = _patient_of(names)
        remarks, contact, quantities, strange = few
        owed = clp[4]
        claim = _claim(
            clp[0],
            clp[1],
            CENTS[clp[2]],
            CENTS[clp[3]],
            CENTS[owed] if owed else None,
            clp[5],
            clp[6],
            clp[7],
            (clp[8], "", None, None) if len(clp) == _USUAL else _rare(clp),
            adjustments,
            patient,
            names,
            remarks,
            references,
            days,
            contact,
            amounts,
            quantities,
            services,
            number,
        )
        return claim, cut, share, strange

    def _rest(self, text: str) -> _Rest:
        """What stands behind CLP and the patient."""
        known = self._known.get
        adjustments: list[Adjustment] = []
        references: list[Reference] = []
        amounts: list[Amount] = []
        names: list[tuple[str, Name]] = []
        dates: dict[str, date] = {}
        other: list[Part] = []
        cut = share = 0
        for segment in text.split(self._terminator) if text else ():
            part = known(segment) or self._learn(segment)
            kind, value, total, patient = part
            if kind == DATE:
                dates[value[0]] = value[1]
            elif kind == NAME:
                names.append(value)
            elif kind == AMOUNT:
                amounts += value
            elif kind == CAS:
                adjustments += value
                cut += total
                share += patient
            elif kind == REFERENCE:
                references += value
            else:
                other.append(part)
        day = dates.get
        days = (day("232"), day("233"), day("050"), day("036")) if dates else _NO_DAYS
        few = _few(other) if other else _NONE
        rest = (
            tuple(adjustments),
            cut,
            share,
            tuple(names),
            days,
            tuple(references),
            tuple(amounts),
            few,
        )
        is_own = references or any(code in _PATIENTS for code, _ in names)
        if not is_own and len(self._rests) < MEMO_MAX:
            self._rests[text] = rest
        return rest

    def _learn(self, segment: str) -> Part:
        """Read a segment, and remember it when it is of a kind that recurs."""
        parts = segment.split(self._element)
        part = read_part(parts)
        is_own = part[0] == REFERENCE or (part[0] == NAME and parts[1] in _PATIENTS)
        if not is_own and len(self._known) < MEMO_MAX:
            self._known[segment] = part
        return part


def _patient_of(names: _Names) -> tuple[Name | None, _Names]:
    """The first NM1*QC, wherever it stands, and the others."""
    for place, (code, name) in enumerate(names):
        if code == "QC":
            return name, names[:place] + names[place + 1 :]
    return None, names


def _rare(clp: list[str]) -> tuple[str, str, Decimal | None, Decimal | None]:
    """CLP09 and CLP11-13; the guide does not use CLP10."""
    weight, fraction = at(clp, 11), at(clp, 12)
    return (
        clp[8],
        at(clp, 10),
        QUANTITIES[weight] if weight else None,
        QUANTITIES[fraction] if fraction else None,
    )


def _few(other: Sequence[Part]) -> _Few:
    """MIA, MOA, PER and QTY of a claim, and ids of what has no place in one."""
    found = {one[1][0]: one[1] for one in reversed(other) if one[0] == REST}
    mia, moa, per = (found.pop(name, None) for name in ("MIA", "MOA", "PER"))
    remarks = (
        InpatientRemarks(tuple(mia[1:])) if mia else None,
        read_outpatient_remarks(moa, _raise) if moa else None,
    )
    quantities = tuple(one[1] for one in other if one[0] == QUANTITY)
    strange = {*found, *("LQ" for one in other if one[0] == REMARK)}
    return remarks, read_contact(per) if per else None, quantities, tuple(sorted(strange))


def _raise(_code: str, message: str, _element: int) -> None:
    raise ValueError(message)
