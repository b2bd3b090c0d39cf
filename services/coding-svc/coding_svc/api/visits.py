"""`/visits:level`: the level of a visit, from elements that are told or read from its note."""

import asyncio
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, Field

from coding_svc.api.register import router
from coding_svc.api.suggestions import SpanView
from coding_svc.codebook.catalogue import Catalogue
from coding_svc.domain.notes import read_note, unreadable
from coding_svc.domain.suggestions import SuggestionBook, suggest
from coding_svc.domain.visits import (
    DataReviewed,
    Level,
    Problems,
    Proposal,
    Risk,
    VisitFacts,
    level_of,
    propose,
)
from coding_svc.storage import releases as storage
from rcm.contracts.bodies import Body
from rcm.errors import NotFound, Pointer, Unprocessable
from rcm.service import RequestTx, ServiceResources

Family = Literal[
    "office_new", "office_established", "hospital_initial", "hospital_subsequent", "emergency",
    "consultation", "nursing_initial", "nursing_subsequent", "home_new", "home_established",
]  # fmt: skip
Count = Annotated[int, Field(ge=0, le=99)]


class ProblemsBody(Body):
    """How many problems of each kind were addressed."""

    self_limited: Count = 0
    stable_chronic: Count = 0
    acute_uncomplicated: Count = 0
    chronic_worsening: Count = 0
    undiagnosed: Count = 0
    acute_systemic: Count = 0
    acute_complicated_injury: Count = 0
    chronic_severe: Count = 0
    threat_to_life: Count = 0


class DataBody(Body):
    """What was reviewed, ordered and talked over."""

    external_notes: Count = 0
    tests_reviewed: Count = 0
    tests_ordered: Count = 0
    independent_historian: bool = False
    independent_interpretation: bool = False
    discussion: bool = False


class ElementsBody(Body):
    """The three elements, and the professional's minutes on the day."""

    problems: ProblemsBody = ProblemsBody()
    data: DataBody = DataBody()
    risks: Annotated[tuple[Risk, ...], Field(max_length=len(get_args(Risk)))] = ()
    minutes: Annotated[int | None, Field(ge=0, le=1_440)] = None

    @classmethod
    def of(cls, facts: VisitFacts) -> "ElementsBody":
        return cls(
            problems=ProblemsBody(**asdict(facts.problems)),
            data=DataBody(**asdict(facts.data)),
            risks=facts.risks,
            minutes=facts.minutes,
        )

    def facts(self, *, is_medicare: bool) -> VisitFacts:
        return VisitFacts(
            problems=Problems(**self.problems.model_dump()),
            data=DataReviewed(**self.data.model_dump()),
            risks=self.risks,
            minutes=self.minutes,
            is_medicare=is_medicare,
        )


class VisitLevelAsk(Body):
    """Elements as a coder found them; or a note, from which they are proposed."""

    family: Family
    elements: ElementsBody | None = None
    text: Annotated[str | None, Field(repr=False)] = None
    date_of_service: date | None = None
    """Needed with a text: its codes are those of the day."""
    is_medicare: bool = False


class ElementView(BaseModel):
    name: str
    grade: str
    why: str


class ProlongedView(BaseModel):
    code: str
    units: int


class ElementEvidenceView(BaseModel):
    """Characters of the note that an element was read from."""

    element: str
    span: SpanView


class VisitLevelView(BaseModel):
    """The code, how it was reckoned, and the elements that it was reckoned from."""

    code: str | None
    basis: str
    decision_making: str
    by_decision_making: str | None
    by_time: str | None
    elements: list[ElementView]
    rationale: list[str]
    prolonged: ProlongedView | None
    facts: ElementsBody
    evidence: list[ElementEvidenceView]

    @classmethod
    def of(cls, level: Level, proposal: Proposal) -> "VisitLevelView":
        return cls(
            code=level.code,
            basis=level.basis,
            decision_making=level.decision_making.word,
            by_decision_making=level.by_decision_making,
            by_time=level.by_time,
            elements=[
                ElementView(name=each.name, grade=each.grade.word, why=each.why)
                for each in level.elements
            ],
            rationale=list(level.rationale),
            prolonged=ProlongedView(**asdict(level.prolonged)) if level.prolonged else None,
            facts=ElementsBody.of(proposal.facts),
            evidence=[
                ElementEvidenceView(element=name, span=SpanView(start=span.start, end=span.end))
                for name, span in proposal.evidence
            ],
        )


@router.post("/visits:level", scope="CodeSet.r", audit=False)
async def level_visit(
    body: VisitLevelAsk, tx: RequestTx, catalogue: ServiceResources
) -> VisitLevelView:
    """The level of a visit and its rationale. Keeps nothing."""
    if body.elements is not None:
        proposal = Proposal(body.elements.facts(is_medicare=body.is_medicare), ())
    else:
        proposal = await _proposed(body, tx, catalogue)
    return VisitLevelView.of(level_of(body.family, proposal.facts), proposal)


async def _proposed(body: VisitLevelAsk, tx: RequestTx, catalogue: Catalogue) -> Proposal:
    text, on = body.text, body.date_of_service
    if text is None or on is None:
        reason = Pointer("/elements", "is needed, or else a text and its date of service")
        raise Unprocessable("elements_missing", "There is nothing to reckon from.", (reason,))
    if (finding := unreadable(text)) is not None:
        pointer = Pointer("/text", finding.message)
        raise Unprocessable(finding.code, "The text cannot be read as a note.", (pointer,))
    book = catalogue.suggestion_book(await storage.activated(tx), on)
    if book is None:
        raise NotFound("code_set_missing", "No release of ICD-10-CM covers the day.")
    return await asyncio.to_thread(_read, text, on, book, is_medicare=body.is_medicare)


def _read(text: str, on: date, book: SuggestionBook, *, is_medicare: bool) -> Proposal:
    found = propose(read_note(text), suggest(text, on, book))
    facts = ElementsBody.of(found.facts).facts(is_medicare=is_medicare)
    return Proposal(facts, found.evidence)
