"""What a coder, a physician and a reviewer say to the desk."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from coding_svc.api.bodies import DiagnosisBody, LineBody, line_of, undotted
from coding_svc.domain.desk.review import FindingKind, ReviewFinding, RootCause
from coding_svc.domain.desk.wording import Question
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine
from rcm.contracts.bodies import Body
from rcm.money import Cents

Word = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
Option = Annotated[str, Field(min_length=1, max_length=300)]
Words = Annotated[str, Field(max_length=4000, repr=False)]
FoundCode = Annotated[str, BeforeValidator(undotted), Field(pattern=r"^[0-9A-Z]{0,10}$")]
"""With or without its dot."""


class CodesBody(Body):
    """The codes that are worked on, whole."""

    diagnoses: Annotated[tuple[DiagnosisBody, ...], Field(max_length=50)]
    lines: Annotated[tuple[LineBody, ...], Field(max_length=200)]

    @property
    def coded(self) -> tuple[tuple[CodedDiagnosis, ...], tuple[CodedLine, ...]]:
        diagnoses = tuple(
            CodedDiagnosis(each.code, each.code_type, each.present_on_admission_indicator)
            for each in self.diagnoses
        )
        return diagnoses, tuple(line_of(each) for each in self.lines)


class AssignBody(Body):
    """Whose it is; both empty put it back for all. `assigned_to` is the subject of a token."""

    team: Annotated[str, Field(max_length=80)] = ""
    assigned_to: Annotated[str, Field(max_length=200)] = ""


class PendBody(Body):
    """Why it waits, and until when; without a day until somebody returns it."""

    reason_code: Word
    until: date | None = None
    words: Words = ""


class WordsBody(Body):
    """What there is to say about it."""

    words: Words = ""


class ReasonBody(Body):
    """Why; it is asked for."""

    reason: Annotated[str, Field(min_length=1, max_length=4000, repr=False)]


class DecisionBody(Body):
    """What becomes of a suggestion. `code` is the one that an edit puts in its place."""

    decision: Literal["accept", "edit", "reject"]
    code: Annotated[str, BeforeValidator(undotted), Field(pattern=r"^[0-9A-Z]{3,10}$")] | None = (
        None
    )
    reason_code: Word | None = None


class OverrideBody(Body):
    """An edit that does not apply here, and why: an auditor will read it."""

    edit: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_-]{1,19}$")]
    reason: Annotated[str, Field(min_length=10, max_length=2000, repr=False)]


class FinalizeBody(Body):
    """Let the codes leave."""

    overrides: Annotated[tuple[OverrideBody, ...], Field(max_length=50)] = ()

    @property
    def reasons(self) -> dict[str, str]:
        return {each.edit: each.reason for each in self.overrides}


class QuestionBody(Body):
    """A question to a physician. With a template, what is not given comes from it."""

    template: Word = "open_question"
    question: Annotated[str | None, Field(max_length=2000, repr=False)] = None
    indicators: Annotated[str, Field(max_length=8000, repr=False)]
    options: Annotated[tuple[Option, ...] | None, Field(max_length=20, repr=False)] = None

    def asked(self, template: Question) -> Question:
        """The question as the physician will read it."""
        return Question(
            question=template.question if self.question is None else self.question,
            indicators=self.indicators,
            options=template.options if self.options is None else self.options,
            may_be_yes_no=template.may_be_yes_no,
        )


class QueryCreate(QuestionBody):
    """A draft. `holds_chart` lets the coding wait for the answer; the physician is not told."""

    provider_npi: Annotated[str, Field(pattern=r"^[0-9]{10}$")]
    holds_chart: bool = True


class AnswerBody(Body):
    """One of the choices (by position, from 0), words, or both."""

    choice: Annotated[int, Field(ge=0, le=19)] | None = None
    text: Annotated[str, Field(max_length=8000, repr=False)] = ""


class CloseBody(Body):
    """What came of it."""

    outcome: Literal["agreed", "other_answer", "undetermined", "no_answer", "withdrawn"]


class FindingBody(Body):
    """One error. `impact_cents` above 0 was overpaid."""

    kind: FindingKind
    severity: Literal["minor", "major"] = "minor"
    root_cause: RootCause = "coder"
    code: FoundCode = ""
    should_be: FoundCode = ""
    impact_cents: Cents = 0

    @property
    def finding(self) -> ReviewFinding:
        return ReviewFinding(**self.model_dump())


class JudgeBody(Body):
    """What a reviewer found; nothing is agreement. `paid_cents` is what the payer paid for it."""

    findings: Annotated[tuple[FindingBody, ...], Field(max_length=100)] = ()
    words: Words = ""
    paid_cents: Annotated[int, Field(ge=0)] | None = None


class ResolveBody(Body):
    """The end of a rebuttal: the findings that fall, by their positions from 0."""

    overturned: Annotated[frozenset[Annotated[int, Field(ge=0)]], Field(max_length=100)] = (
        frozenset()
    )
    words: Words = ""
