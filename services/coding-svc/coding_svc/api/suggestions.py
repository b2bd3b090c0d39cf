"""`/notes:suggest`: the codes that a note speaks for. The note is not kept, nor is it echoed: the
answer points into it by offsets."""

import asyncio
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from coding_svc.api.register import router
from coding_svc.codebook.catalogue import Catalogue
from coding_svc.domain.notes import unreadable
from coding_svc.domain.suggestions import Suggestion, SuggestionBook, SuggestionSettings, suggest
from coding_svc.storage import releases as storage
from rcm.contracts.bodies import Body
from rcm.errors import NotFound, Pointer, Unprocessable
from rcm.service import RequestTx, ServiceResources

SUGGESTIONS_MAX = 100
Status = Literal["present", "negated", "uncertain", "hypothetical", "historical", "family"]


class NoteSuggest(Body):
    """A note to read, for a date of service."""

    text: Annotated[str, Field(repr=False)]
    date_of_service: date
    is_inpatient: bool = False
    """At an inpatient's discharge, what is probable is coded as if it were so."""
    with_unasserted: bool = False
    """Also what is denied, uncertain or the family's, marked so."""
    limit: Annotated[int, Field(ge=1, le=SUGGESTIONS_MAX)] = 25


class SpanView(BaseModel):
    """Characters of the note, from `start` up to `end`."""

    start: int
    end: int


class CompetitorView(BaseModel):
    code: str
    title: str
    score: float


class ReasonView(BaseModel):
    name: str
    text: str


class AskView(BaseModel):
    """What the note does not say and the code needs; the codes that would follow."""

    kind: str
    text: str
    choices: list[str]


class SuggestionView(BaseModel):
    """A code, the characters that it rests on, how it was found and what else it could be."""

    code: str
    system: str
    title: str
    evidence: list[SpanView]
    assertion: Status
    method: str
    score: float
    release_kind: str
    release: str
    competing: list[CompetitorView]
    reasons: list[ReasonView]
    asks: list[AskView]

    @classmethod
    def of(cls, each: Suggestion) -> "SuggestionView":
        return cls(
            code=each.code,
            system=each.system,
            title=each.title,
            evidence=[SpanView(start=span.start, end=span.end) for span in each.evidence],
            assertion=each.assertion,
            method=each.method,
            score=each.score,
            release_kind=each.release.kind,
            release=each.release.label,
            competing=[
                CompetitorView(code=one.code, title=one.title, score=one.score)
                for one in each.competing
            ],
            reasons=[ReasonView(name=one.name, text=one.text) for one in each.reasons],
            asks=[
                AskView(kind=one.kind, text=one.text, choices=list(one.choices))
                for one in each.asks
            ],
        )


class SuggestionsView(BaseModel):
    """The surest first. Never final: a coder takes, changes or refuses each."""

    items: list[SuggestionView]


@router.post("/notes:suggest", scope="CodeSet.r", audit=False)
async def suggest_codes(
    body: NoteSuggest, tx: RequestTx, catalogue: ServiceResources
) -> SuggestionsView:
    """Read a note and suggest codes. Keeps nothing."""
    opened: Catalogue = catalogue
    book = opened.suggestion_book(await storage.activated(tx), body.date_of_service)
    if book is None:
        raise NotFound("code_set_missing", "No release of ICD-10-CM covers the day.")
    if (finding := unreadable(body.text)) is not None:
        pointer = Pointer("/text", finding.message)
        raise Unprocessable(finding.code, "The text cannot be read as a note.", (pointer,))
    # Tens of milliseconds of work: other requests go on meanwhile.
    found = await asyncio.to_thread(_suggest, body, book)
    return SuggestionsView(items=[SuggestionView.of(each) for each in found])


def _suggest(body: NoteSuggest, book: SuggestionBook) -> list[Suggestion]:
    settings = SuggestionSettings(
        is_inpatient=body.is_inpatient, with_unasserted=body.with_unasserted, limit=body.limit
    )
    return suggest(body.text, body.date_of_service, book, settings=settings)
