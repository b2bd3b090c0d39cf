"""One payer's answer to one claim (a CLP), read into what it pays, gives up, refuses and leaves to
the patient. The parts of a decision add up to its charge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from claims_svc.domain.claim import Claim
from claims_svc.domain.matching import Match, match_lines
from claims_svc.domain.policy import (
    ANOTHER_PAYER,
    DUPLICATE_CARC,
    NOT_A_DENIAL_CARCS,
    PATIENT,
    Treatment,
    category,
    treatment,
)
from rcm.contracts.payer import ClaimPaymentReported
from rcm.contracts.values import Adjustment, CoverageRank, LinePayment
from rcm.ids import derived_id

REVERSAL = "22"
NOT_RECOGNISED = "4"
FORWARDED = frozenset({"19", "20", "21"})
NO_DECISION = frozenset({"23", "25"})
"""Not our claim but passed on, and a predetermination: neither decides on money."""

_RANK_OF_STATUS: Mapping[str, CoverageRank] = {
    "1": "primary",
    "19": "primary",
    "2": "secondary",
    "20": "secondary",
    "3": "tertiary",
    "21": "tertiary",
}

Result = Literal["paid", "partially_paid", "denied"]
Kind = Literal["decision", "reversal", "information"]


@dataclass(frozen=True, slots=True)
class Part:
    """The cents of one CAS triplet, where they belong and what becomes of them."""

    treatment: Treatment
    cents: int
    group_code: str
    reason_code: str
    line_number: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a payer decided, as it was posted. `patient_cents` is what it leaves to the patient, or
    to the next payer while there is one."""

    adjudication_id: UUID
    remittance_id: UUID
    ordinal: int
    kind: Kind
    rank: CoverageRank
    payer_id: str
    trace_number: str
    status_code: str
    payer_claim_number: str | None
    result: Result
    charge_cents: int
    paid_cents: int
    contractual_cents: int
    denied_cents: int
    prior_payer_cents: int
    deductible_cents: int
    coinsurance_cents: int
    copay_cents: int
    other_patient_cents: int
    asks_another_payer: bool
    adjustments: tuple[Adjustment, ...]
    lines: tuple[LinePayment, ...]
    matches: tuple[Match, ...]
    effective_on: date
    remark_codes: tuple[str, ...] = ()
    inpatient_adjudication: tuple[str, ...] = ()
    """MIA of a stay, element by element."""
    entry_id: UUID | None = None
    reverses: UUID | None = None
    reversed_by: UUID | None = None

    @property
    def patient_cents(self) -> int:
        return (
            self.deductible_cents
            + self.coinsurance_cents
            + self.copay_cents
            + self.other_patient_cents
        )

    @property
    def is_active(self) -> bool:
        """Whether it still counts: it decided on money and was not taken back."""
        return self.kind == "decision" and self.reversed_by is None


@dataclass(frozen=True, slots=True)
class Reading:
    """A decision with the parts that it was read from."""

    decision: Decision
    parts: tuple[Part, ...]

    def parts_of(self, *kinds: Treatment) -> Iterator[Part]:
        """The parts that are treated in one of these ways."""
        return (part for part in self.parts if part.treatment in kinds)


def adjudication_id(payment: ClaimPaymentReported) -> UUID:
    """The same for the same CLP of the same remittance, however often it is reported."""
    return derived_id(payment.remittance_id, payment.ordinal)


def rank_of(claim: Claim, payment: ClaimPaymentReported) -> CoverageRank:
    """Which of the patient's payers answered: by payer where one coverage alone is his, else by
    what the payer says it processed the claim as (CLP02)."""
    own = [c.rank for c in claim.content.coverages if c.payer_id == payment.payer_id]
    if len(own) == 1:
        return own[0]
    said = _RANK_OF_STATUS.get(payment.claim_status_code)
    if said is not None:
        return said
    waiting = claim.responsible_party
    return "primary" if waiting == "patient" or waiting == "none" else waiting  # noqa: PLR1714


def read(claim: Claim, payment: ClaimPaymentReported, adjudication: UUID) -> Reading:
    """What this CLP decides on this claim, under the id of its adjudication."""
    sign = -1 if payment.claim_status_code == REVERSAL else 1
    matches = match_lines(claim, payment.lines, sign=sign)
    parts = tuple(_parts(payment, matches))
    sums = dict.fromkeys(Treatment, 0)
    for part in parts:
        sums[part.treatment] += part.cents
    decision = Decision(
        adjudication_id=adjudication,
        remittance_id=payment.remittance_id,
        ordinal=payment.ordinal,
        kind=_kind(payment),
        rank=rank_of(claim, payment),
        payer_id=payment.payer_id,
        trace_number=payment.trace_number,
        status_code=payment.claim_status_code,
        payer_claim_number=payment.payer_claim_number,
        result=_result(payment, parts),
        charge_cents=payment.charge_cents,
        paid_cents=payment.paid_cents,
        contractual_cents=sums[Treatment.CONTRACTUAL],
        denied_cents=sums[Treatment.DENIED],
        prior_payer_cents=sums[Treatment.PRIOR_PAYER],
        deductible_cents=sums[Treatment.DEDUCTIBLE],
        coinsurance_cents=sums[Treatment.COINSURANCE],
        copay_cents=sums[Treatment.COPAY],
        other_patient_cents=sums[Treatment.OTHER_PATIENT],
        asks_another_payer=_asks_another_payer(payment, parts),
        adjustments=payment.adjustments,
        lines=payment.lines,
        matches=matches,
        effective_on=payment.effective_on,
        remark_codes=payment.remark_codes,
        inpatient_adjudication=payment.inpatient_adjudication,
    )
    return Reading(decision, parts)


def is_repeated_denial(reading: Reading, earlier: list[Decision]) -> bool:
    """Whether the payer only says that it decided on this claim before: no money moves, every
    refusal is 'duplicate', and that payer's earlier decision stands."""
    decision = reading.decision
    same_payer = any(known.is_active and known.rank == decision.rank for known in earlier)
    refused = [part.reason_code for part in reading.parts_of(Treatment.DENIED)]
    only_duplicate = bool(refused) and set(refused) == {DUPLICATE_CARC}
    return same_payer and only_duplicate and decision.paid_cents == 0


def mirrors(original: Decision, reversal: Reading) -> bool:
    """Whether a reversal takes back exactly this decision: the same payer's, every amount negated,
    so that each line and each reason comes to zero."""
    back = reversal.decision
    if original.payer_id != back.payer_id:
        return False
    if original.charge_cents + back.charge_cents or original.paid_cents + back.paid_cents:
        return False
    numbers = (original.payer_claim_number, back.payer_claim_number)
    if all(numbers) and numbers[0] != numbers[1]:
        return False
    left: dict[tuple[int | None, str, str], int] = {}
    for part in (*_parts(original, original.matches), *reversal.parts):
        key = (part.line_number, part.group_code, part.reason_code)
        left[key] = left.get(key, 0) + part.cents
    return not any(left.values())


def _parts(source: ClaimPaymentReported | Decision, matches: tuple[Match, ...]) -> Iterator[Part]:
    for adjustment in source.adjustments:
        yield _part(adjustment, None)
    for line, match in zip(source.lines, matches, strict=True):
        for adjustment in line.adjustments:
            yield _part(adjustment, match.line_number)


def _part(adjustment: Adjustment, line_number: int | None) -> Part:
    return Part(
        treatment(adjustment),
        adjustment.amount_cents,
        adjustment.group_code,
        adjustment.reason_code,
        line_number,
    )


def _kind(payment: ClaimPaymentReported) -> Kind:
    if payment.claim_status_code == REVERSAL:
        return "reversal"
    return "information" if payment.claim_status_code in NO_DECISION else "decision"


def _result(payment: ClaimPaymentReported, parts: tuple[Part, ...]) -> Result:
    """Denied when nothing was paid on any line and a reason other than contract, prior payer or the
    patient's cost share stands behind each. CLP02 says nothing about it, nor does a line of 0."""
    units = [
        (line.paid_cents, line.adjustments)
        for line in payment.lines
        if line.charge_cents or line.paid_cents or line.adjustments
    ]
    if payment.adjustments or not units:
        units.append((payment.paid_cents, payment.adjustments))
    refused = [any(map(_refuses, adjustments)) for _, adjustments in units]
    if not any(refused):
        return "paid"
    unpaid = all(cents == 0 for cents, _ in units)
    accepted = any(part.treatment in PATIENT and not _is_other(part) for part in parts)
    return "denied" if unpaid and all(refused) and not accepted else "partially_paid"


def _is_other(part: Part) -> bool:
    return part.treatment is Treatment.OTHER_PATIENT


def _refuses(adjustment: Adjustment) -> bool:
    """Money kept back, or left to the patient for another reason than the cost share."""
    found = treatment(adjustment)
    if found is Treatment.OTHER_PATIENT:
        known = adjustment.reason_code in NOT_A_DENIAL_CARCS
        return adjustment.amount_cents > 0 and not known
    return found is Treatment.DENIED


def _asks_another_payer(payment: ClaimPaymentReported, parts: tuple[Part, ...]) -> bool:
    """Whether the payer refused as a whole because another one should pay."""
    if payment.claim_status_code == NOT_RECOGNISED:
        return True
    refused = [
        category(part.group_code, part.reason_code)
        for part in parts
        if part.treatment in (Treatment.DENIED, Treatment.OTHER_PATIENT) and part.cents > 0
    ]
    return bool(refused) and payment.paid_cents == 0 and set(refused) <= ANOTHER_PAYER
