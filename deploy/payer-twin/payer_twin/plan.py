"""What a payer does with one claim, step by step: the same steps fill the published table's rows
and the scripts that a tester sets.

What is not among the steps is not done: a claim without a "999" step gets none, a claim without a
"pay" step is never paid. `after_s` counts from the moment the claim came in, by the twin's clock.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter

DAY_S: Final = 86_400
_STRICT: Final = ConfigDict(extra="forbid")
Delay = Annotated[int, Field(ge=0, le=10 * 366 * DAY_S)]
Percent = Annotated[int, Field(ge=0, le=100)]
Code = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,5}$")]
ControlNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]{1,38}$")]
Group = Literal["CO", "PR", "OA", "PI"]
By = Literal["clearinghouse", "payer"]
Level = Literal["batch", "provider", "claim", "line"]
ACCEPTED: Final = frozenset({"A0", "A1", "A2", "A5"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerInterchange:
    """A TA1 for the whole interchange. Rejected, nothing else in it is looked at."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    do: Literal["TA1"] = "TA1"
    code: Literal["A", "E", "R"] = "A"
    note_code: Annotated[str, Field(pattern=r"^[0-9]{3}$")] = "000"
    after_s: Delay = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGroup:
    """A 999. A rejection concerns the claim's transaction set, or the whole group."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    do: Literal["999"] = "999"
    code: Literal["A", "E", "R"] = "A"
    whole_group: bool = False
    after_s: Delay = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerClaim:
    """A 277CA, by the clearinghouse (NM1*AY) or the payer (NM1*PR). A rejection concerns the claim,
    one of its lines, everything of its provider, or its whole batch."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    do: Literal["277CA"] = "277CA"
    by: By = "payer"
    level: Level = "claim"
    category_code: Annotated[str, Field(pattern=r"^A[0-8]$")] = "A2"
    status_code: Code = "20"
    entity_code: Annotated[str, Field(pattern=r"^[A-Z0-9]{0,3}$")] = "PR"
    after_s: Delay = 0

    @property
    def is_accepted(self) -> bool:
        return self.category_code in ACCEPTED


@dataclass(frozen=True, slots=True)
class Denial:
    """A CAS group and reason for the whole charge of a line, with remark codes."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    group_code: Group
    reason_code: Code
    remark_codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the money of a claim is worked out from its charges."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    contractual_percent: Percent = 20
    """Of each line's charge."""
    contractual_group: Literal["CO", "PR"] = "CO"
    """PR-45 is what a plan leaves to the patient of a provider out of its network."""
    at_claim_level: bool = False
    """One CAS under the claim instead of one under each line."""
    sequestration_percent: Percent = 0
    """CO-253, of what would be paid."""
    incentive_cents: Annotated[int, Field(ge=0)] = 0
    """CO-144 with a negative amount, on the first line: it raises the payment."""
    interest_cents: Annotated[int, Field(ge=0)] = 0
    """AMT*I and a negative PLB*L6."""
    deductible_cents: Annotated[int, Field(ge=0)] = 0
    """PR-1, from the first line on, as far as the allowed amounts reach."""
    coinsurance_percent: Percent = 0
    """PR-2, of what the deductible leaves."""
    copay_cents: Annotated[int, Field(ge=0)] = 0
    """PR-3, once a claim."""
    denial: Denial | None = None
    denied_lines: Literal["all", "last", "matched"] = "all"


@dataclass(frozen=True, slots=True)
class Cut:
    """One CAS triplet of a script."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    group_code: Group
    reason_code: Code
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMoney:
    """What a script says of one line. The cuts must lead from its charge to what is paid."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    cuts: tuple[Cut, ...] = ()
    remark_codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCut:
    """One PLB pair: `cents`, or a part of what the claim was first paid. Positive takes away."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    reason_code: Code
    cents: int = 0
    percent_of_paid: Annotated[int, Field(ge=-100, le=100)] = 0
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]{0,30}$")] = ""
    """The payer's number of the claim when empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """In which shape the money travels."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    own_set: bool = False
    """In an ST of its own, with a trace number of its own."""
    split: Literal["", "sets", "files"] = ""
    """The claim's lines over two STs of one file, or over two files a day apart."""
    repeat_after_s: Delay | None = None
    """The same file again, under another ISA13."""
    unbalanced: Literal["", "line", "claim", "transaction"] = ""
    """One cent amount is raised by a dollar after everything balanced."""
    wrong_usage: bool = False
    """ISA15 says T where P was agreed, or the other way round."""
    strange_number: bool = False
    """CLP01 is a number that the provider has never used."""

    @property
    def is_apart(self) -> bool:
        """Whether it may not share an ST with other claims."""
        return self != Delivery()

    @property
    def needs_own_file(self) -> bool:
        return self.repeat_after_s is not None or self.wrong_usage or bool(self.unbalanced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """The claim in an 835, by rules, or with the money that a script gives for each line."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    do: Literal["pay"] = "pay"
    after_s: Delay | None = None
    """None: with the next payment run."""
    rules: Rules = Rules()
    lines: tuple[LineMoney, ...] | None = None
    claim_cuts: tuple[Cut, ...] = ()
    status_code: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    """CLP02; by the claim's rank (1, 2, 3) when empty."""
    crossover: bool = False
    """NM1*TT names the payer that the claim was passed on to."""
    provider_cuts: tuple[ProviderCut, ...] = ()
    delivery: Delivery = Delivery()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse:
    """CLP02 22: what was paid last is taken back, every amount negated."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    do: Literal["reverse"] = "reverse"
    after_s: Delay = 0
    provider_cuts: tuple[ProviderCut, ...] = ()
    delivery: Delivery = Delivery(own_set=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjust:
    """PLB without a claim."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    do: Literal["adjust"] = "adjust"
    after_s: Delay = 0
    provider_cuts: tuple[ProviderCut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SayStatus:
    """What a 276 is told instead of the truth: so many times, then the truth again."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    do: Literal["277"] = "277"
    category_code: Annotated[str, Field(pattern=r"^([ADEFPR][0-9]{1,2}|F3F|F3N|RQ)$")]
    status_code: Code
    entity_code: Annotated[str, Field(pattern=r"^[A-Z0-9]{0,3}$")] = ""
    times: Annotated[int, Field(ge=1)] = 1_000_000_000


Step = Annotated[
    AnswerInterchange | AnswerGroup | AnswerClaim | Pay | Reverse | Adjust | SayStatus,
    Field(discriminator="do"),
]
PLAIN: Final[tuple[Any, ...]] = (AnswerGroup(), AnswerClaim(), Pay())
"""What happens to a claim of which nothing special is asked."""


@dataclass(frozen=True, slots=True)
class Script:
    """Exactly what to do, for one patient control number or one member."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    steps: tuple[Step, ...]
    eligibility: Annotated[str, Field(pattern=r"^[a-z0-9\-]{0,60}$")] = ""
    """The code of the row of the table by which 270s about the member are answered."""


SCRIPT: Final = TypeAdapter(Script)
STEPS: Final = TypeAdapter(tuple[Step, ...])
