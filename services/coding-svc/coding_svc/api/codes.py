"""The code sets over REST: which releases are in force, what a code means, which codes fit."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from coding_svc.api.register import router
from coding_svc.codebook.catalogue import Catalogue
from coding_svc.codebook.kinds import kinds
from coding_svc.domain.codes import Diagnoses, DiagnosisCode, NoteKind
from coding_svc.domain.release import Release
from coding_svc.storage import releases as storage
from rcm.errors import NotFound
from rcm.service import RequestClock, RequestTx, ServiceResources

Searchable = Literal["icd10cm", "hcpcs", "icd10pcs"]
On = Annotated[date | None, Query()]
SHOWN: tuple[NoteKind, ...] = (
    "excludes1", "excludes2", "code_first", "use_additional", "code_also", "includes", "inclusion",
)  # fmt: skip


class ReleaseView(BaseModel):
    """A release in force."""

    release_id: UUID
    kind: str
    release: str
    effective_from: date
    row_count: int
    sha256: str

    @classmethod
    def of(cls, release: Release) -> "ReleaseView":
        return cls(
            release_id=release.release_id,
            kind=release.kind,
            release=release.label,
            effective_from=release.effective_from,
            row_count=release.row_count,
            sha256=release.sha256,
        )


class MissingView(BaseModel):
    """A code set without a release for the day, and what to bring for it."""

    kind: str
    capability: str
    bring: str


class CodeSetsView(BaseModel):
    """What judges a date of service, and what does not."""

    effective_on: date
    items: list[ReleaseView]
    missing: list[MissingView]


class MatchView(BaseModel):
    code: str
    title: str


class MatchesView(BaseModel):
    """Codes that fit, best first."""

    release: ReleaseView
    items: list[MatchView]


class NoteView(BaseModel):
    """A note of the tabular list, and where it stands."""

    kind: str
    holder: str
    text: str


class DiagnosisView(BaseModel):
    """All that the tabular list says of a code on a date of service."""

    code: str
    title: str
    is_billable: bool
    is_manifestation: bool
    valid_to: date | None
    release: str
    notes: list[NoteView]
    seventh_characters: dict[str, str]
    children: list[MatchView]


class AxisValueView(BaseModel):
    value: str
    label: str


class PickedView(BaseModel):
    """The characters chosen so far, what they mean, and the values of the next axis."""

    release: ReleaseView
    chosen: str
    labels: list[str]
    is_legal: bool
    is_complete: bool
    next_axis: int | None
    choices: list[AxisValueView]


@router.get("/code-sets", scope="CodeSet.s")
async def get_code_sets(
    tx: RequestTx, clock: RequestClock, catalogue: ServiceResources, effective_on: On = None
) -> CodeSetsView:
    """The release of each kind that answers for the day (today unless said), and what is missing
    with the file that gives it."""
    opened: Catalogue = catalogue
    day = effective_on or clock.today()
    found = [
        each for each in opened.releases(await storage.activated(tx)) if each.effective_from <= day
    ]
    newest = {each.kind: each for each in sorted(found, key=lambda each: each.effective_from)}
    return CodeSetsView(
        effective_on=day,
        items=[ReleaseView.of(each) for _, each in sorted(newest.items())],
        missing=[
            MissingView(kind=kind.name, capability=kind.capability, bring=kind.published_as)
            for kind in kinds().values()
            if kind.name not in newest
        ],
    )


@router.get("/code-sets/{kind}/codes", scope="CodeSet.s")
async def search_codes(
    kind: Searchable,
    q: Annotated[str, Query(min_length=1, max_length=200)],
    tx: RequestTx,
    *,
    clock: RequestClock,
    catalogue: ServiceResources,
    effective_on: On = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> MatchesView:
    """Codes by words or by their beginning. `q` is never kept or logged."""
    opened: Catalogue = catalogue
    found = opened.search(
        await storage.activated(tx), kind, q, on=effective_on or clock.today(), limit=limit
    )
    if found is None:
        raise NotFound("code_set_missing", "No release of this code set covers the day.")
    release, matches = found
    return MatchesView(
        release=ReleaseView.of(release),
        items=[MatchView(code=each.code, title=each.title) for each in matches],
    )


@router.get("/code-sets/icd10pcs:pick", scope="CodeSet.r")
async def pick_procedure_code(
    tx: RequestTx,
    *,
    clock: RequestClock,
    catalogue: ServiceResources,
    chosen: Annotated[str, Query(pattern=r"^[0-9A-HJ-NP-Z]{0,7}$")] = "",
    effective_on: On = None,
) -> PickedView:
    """Build an ICD-10-PCS code axis by axis: what the characters mean and what may come next."""
    opened: Catalogue = catalogue
    day = effective_on or clock.today()
    found = opened.pick_procedure(await storage.activated(tx), day, chosen)
    if found is None:
        raise NotFound("code_set_missing", "No tables of ICD-10-PCS cover the day.")
    release, picked = found
    return PickedView(
        release=ReleaseView.of(release),
        chosen=picked.chosen,
        labels=list(picked.labels),
        is_legal=picked.is_legal,
        is_complete=picked.is_complete,
        next_axis=picked.next_axis,
        choices=[AxisValueView(value=each.value, label=each.label) for each in picked.choices],
    )


@router.get("/code-sets/icd10cm/codes/{code}", scope="CodeSet.r")
async def get_diagnosis_code(
    code: Annotated[str, Field(pattern=r"^[A-Za-z][0-9A-Za-z.]{2,8}$")],
    tx: RequestTx,
    *,
    clock: RequestClock,
    catalogue: ServiceResources,
    effective_on: On = None,
) -> DiagnosisView:
    """A diagnosis code with its notes and those of the codes, block and chapter above it."""
    opened: Catalogue = catalogue
    book = opened.books(await storage.activated(tx), effective_on or clock.today()).diagnoses
    if book is None:
        raise NotFound("code_set_missing", "No release of ICD-10-CM covers the day.")
    found = book.find(code.replace(".", "").upper())
    if found is None:
        raise NotFound("code_unknown", "The release has no such code.")
    return _view(book, found)


def _view(book: Diagnoses, found: DiagnosisCode) -> DiagnosisView:
    notes = [
        NoteView(kind=kind, holder=note.holder, text=note.text)
        for kind in SHOWN
        for note in book.notes(found.code, kind)
    ]
    return DiagnosisView(
        code=found.code,
        title=found.title,
        is_billable=found.is_billable,
        is_manifestation=found.is_manifestation,
        valid_to=found.valid_to,
        release=book.release.label,
        notes=notes,
        seventh_characters=dict(book.seventh_characters(found.seventh_of)),
        children=[
            MatchView(code=each.code, title=each.title) for each in book.children(found.code)
        ],
    )
