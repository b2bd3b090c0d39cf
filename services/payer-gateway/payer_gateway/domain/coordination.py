"""What earlier payers decided, in X12 words: loops 2320, 2330B and 2430 of a claim that goes to a
later one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from payer_gateway.domain.parties import other_coverage
from rcm.contracts import values
from rcm.contracts.claims import AnyClaimReady, InstitutionalClaimReady
from rcm_x12.claim.values import LineAdjudication, OtherCoverage
from rcm_x12.values import (
    Adjustment,
    InpatientRemarks,
    OutpatientRemarks,
    Procedure,
    Reference,
)

REMARKS_MAX = 5  # MOA03 to MOA07
# MIA02, the outlier amount, is for an 835 only: the 837I guide has it as not used.
OUTLIER_AT = 1
INPATIENT_MAX = 24
REVENUE_CODE_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Told:
    """The decisions of the payers before, by the payer's id and rank."""

    decisions: Mapping[values.CoverageRank, values.PriorDecision]
    payer_ids: Mapping[values.CoverageRank, str]
    is_stay: bool
    """MIA tells of a stay, MOA of outpatient and professional claims."""

    @classmethod
    def by(cls, claim: AnyClaimReady) -> "Told":
        """Told by this claim."""
        stay = isinstance(claim, InstitutionalClaimReady) and claim.institutional.is_inpatient
        return cls(
            {each.rank: each for each in claim.prior_decisions},
            {each.rank: each.payer_id for each in claim.other_coverages},
            stay,
        )

    def coverages(self, claim: AnyClaimReady, persons: values.Persons) -> tuple[OtherCoverage, ...]:
        """Loops 2320 of the patient's other payers."""
        return tuple(
            self._decided(other_coverage(each, persons), self.decisions.get(each.rank))
            for each in claim.other_coverages
        )

    def _decided(
        self, coverage: OtherCoverage, decision: values.PriorDecision | None
    ) -> OtherCoverage:
        """With its decision when it has decided. The day stands here only where no line has it."""
        if decision is None:
            return coverage
        number = decision.payer_claim_number
        remarks = () if self.is_stay else decision.remark_codes[:REMARKS_MAX]
        return replace(
            coverage,
            adjustments=_adjustments(decision.adjustments),
            paid_cents=decision.paid_cents,
            remaining_liability_cents=decision.patient_cents,
            remarks=OutpatientRemarks(remarks) if remarks else None,
            inpatient_remarks=_inpatient(decision) if self.is_stay else None,
            adjudicated_on=None if decision.lines else decision.decided_on,
            payer=replace(coverage.payer, references=(Reference("F8", number),) if number else ()),
        )

    def of_line(self, line_number: int, *, revenue_code: str = "") -> Iterator[LineAdjudication]:
        """Loops 2430 of a line, in the order of the payers."""
        for rank, payer_id in self.payer_ids.items():
            decision = self.decisions.get(rank)
            for line in decision.lines if decision else ():
                if decision and line.line_number == line_number:
                    yield LineAdjudication(
                        payer_id=payer_id,
                        paid_cents=line.paid_cents,
                        procedure=_procedure(line),
                        quantity=line.quantity,
                        adjustments=_adjustments(line.adjustments),
                        adjudicated_on=decision.decided_on,
                        remaining_liability_cents=line.patient_cents,
                        revenue_code=revenue_code,
                    )


def _inpatient(decision: values.PriorDecision) -> InpatientRemarks | None:
    """MIA as the payer reported it, as far as an 837I takes it. Without MIA01, the covered days,
    there is none: nobody makes them up."""
    found = [*decision.inpatient_adjudication[:INPATIENT_MAX]]
    if not found or not found[0]:
        return None
    found[OUTLIER_AT : OUTLIER_AT + 1] = [""] * len(found[OUTLIER_AT : OUTLIER_AT + 1])
    while not found[-1]:
        found.pop()
    return InpatientRemarks(tuple(found))


def _procedure(line: values.PriorLine) -> Procedure | None:
    """None for a line that the payer decided on by its revenue code."""
    if len(line.procedure_code) == REVENUE_CODE_LENGTH:
        return None
    return Procedure(line.procedure_code, modifiers=line.modifiers)


def _adjustments(found: Iterable[values.Adjustment]) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(each.group_code, each.reason_code, each.amount_cents, each.quantity)
        for each in found
    )
