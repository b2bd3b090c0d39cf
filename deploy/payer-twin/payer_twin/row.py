"""One row of the published table."""

from dataclasses import dataclass
from typing import Final, Literal

from payer_twin.plan import PLAIN, AnswerClaim, Denial, Pay, Rules, Step

Family = Literal[
    "payment", "denial", "rejection", "acknowledgment", "time", "remittance", "coordination",
    "fault", "inquiry",
]  # fmt: skip
NO_LIMIT_CENTS: Final = 100_000_000
"""More than any claim: a deductible that takes everything that is allowed."""


@dataclass(frozen=True, slots=True)
class Benefits:
    """What a 271 says of a member."""

    answer: Literal["active", "inactive", "refused"] = "active"
    refused_at: Literal["source", "receiver", "subscriber", "dependent"] = "subscriber"
    """The level that carries the AAA."""
    reason_code: str = ""
    """AAA03."""
    follow_up_code: str = ""
    """AAA04: C correct and send again, N do not, R as you like, S not sooner than 10 days, Y."""
    as_subscriber: bool = False
    """A dependent is answered as if the subscriber had been asked about."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How it is asked for, and everything the payer does then."""

    code: str
    summary: str
    family: Family
    number: int | None
    """The two digits that ask for it, in the member id or in the charge."""
    steps: tuple[Step, ...] = PLAIN
    procedure_codes: tuple[str, ...] = ()
    """Asked for by any line with one of these."""
    benefits: Benefits = Benefits()

    @property
    def rules(self) -> Rules:
        """The money rules of its first payment."""
        return next((step.rules for step in self.steps if isinstance(step, Pay)), Rules())

    @property
    def denial(self) -> Denial | None:
        return self.rules.denial

    @property
    def rejection(self) -> AnswerClaim | None:
        return next(
            (one for one in self.steps if isinstance(one, AnswerClaim) and not one.is_accepted),
            None,
        )
