"""What is to happen to each claim of an interchange: by a script, by the table, or by the rules
that no scenario overrides."""

from dataclasses import dataclass, field

from payer_twin import billed
from payer_twin.billed import Claim
from payer_twin.plan import SCRIPT, AnswerClaim, AnswerGroup, AnswerInterchange, Step
from payer_twin.scenarios import choose
from payer_twin.storage import Session

UNKNOWN_ORIGINAL = AnswerClaim(category_code="A7", status_code="464")
"""A replacement or void whose REF*F8 names no claim that was paid."""
UNEQUAL_CHARGE = AnswerClaim(category_code="A7", status_code="178", entity_code="")
"""CLM02 is not the sum of the lines."""


@dataclass(slots=True)
class Planned:
    """One received claim on its way through the payer."""

    claim: Claim = field(repr=False)
    number: int
    """Of the claim in the twin's memory; the payer's own number is made of it."""
    scenario: str
    steps: tuple[Step, ...]
    procedure_codes: tuple[str, ...] = ()
    """Those that the table's row names."""
    status: str = "received"
    note: str = ""

    @property
    def payer_claim_number(self) -> str:
        return f"TW{self.number:010d}"

    @property
    def group_answer(self) -> AnswerGroup | None:
        return next((step for step in self.steps if isinstance(step, AnswerGroup)), None)

    @property
    def interchange_answer(self) -> AnswerInterchange | None:
        return next((step for step in self.steps if isinstance(step, AnswerInterchange)), None)

    def claim_answer(self, by: str) -> AnswerClaim | None:
        """What a hop says of the claim by itself."""
        for step in self.steps:
            if isinstance(step, AnswerClaim) and step.by == by:
                return step
        return None


class Planner:
    """Plans the claims of one submitter."""

    def __init__(self, session: Session, submitter: str) -> None:
        self._session = session
        self._submitter = submitter
        self._has_scripts = session.has_scripts()

    def plan(self, claim: Claim, number: int) -> Planned:
        planned = self._asked(claim, number)
        refusal = self._refusal(claim)
        if refusal is not None:
            planned.steps = (AnswerGroup(), refusal)
        return planned

    def _asked(self, claim: Claim, number: int) -> Planned:
        member_id = claim.subscriber.member_id
        for key in (claim.control_number, member_id) if self._has_scripts else ():
            body = self._session.script(self._submitter, key)
            if body is not None:
                return Planned(claim, number, "script", SCRIPT.validate_json(body).steps)
        codes = tuple(map(billed.code, claim.lines))
        row = choose(member_id, claim.charge_cents, codes)
        return Planned(claim, number, row.code, row.steps, row.procedure_codes)

    def _refusal(self, claim: Claim) -> AnswerClaim | None:
        if claim.charge_cents != sum(line.charge_cents for line in claim.lines):
            return UNEQUAL_CHARGE
        if claim.frequency_code in {"7", "8"}:
            original = claim.original_claim_number
            if self._session.adjudicated(self._submitter, original) is None:
                return UNKNOWN_ORIGINAL
        return None
