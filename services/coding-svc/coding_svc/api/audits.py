"""Audits over REST: plan, draw, read the figures, close. Their items are reviews."""

import secrets
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field

from coding_svc.api.desk_rules import CriteriaBody
from coding_svc.api.register import router
from coding_svc.domain.audit import statistics as st
from coding_svc.domain.audit.extrapolation import Frame
from coding_svc.domain.audit.packs import packs
from coding_svc.domain.audit.results import refund_due_on, results
from coding_svc.domain.audit.sampling import Drawn, Item, Method, Plan, draw
from coding_svc.domain.desk.criteria import Facts
from coding_svc.domain.desk.review import Review
from coding_svc.domain.desk.rules import drawn
from coding_svc.storage import audits as storage
from coding_svc.storage import reviews
from coding_svc.storage.audits import Audit, Left, Population
from rcm.contracts.bodies import Body
from rcm.db import Tx
from rcm.errors import Conflict, NotFound, Pointer, Unprocessable
from rcm.ids import derived_id, new_id
from rcm.service import Page, Paging, RequestClock, RequestTx, RequiredIfMatch, versioned

SIZE_MAX = 2_000
DOLLARS_OF_STRATA = (100_00, 500_00, 2_000_00)
"""Bounds of the strata of a stratified sample."""


class SizeBody(Body):
    """What is to be known how surely. With a probe's `mean_cents` and `deviation_cents` it is the
    size for an amount, else for an error rate."""

    population: Annotated[int, Field(ge=1, le=10**9)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.90
    precision: Annotated[float, Field(gt=0, lt=1)] = 0.25
    expected_rate: Annotated[float, Field(gt=0, lt=1)] = 0.5
    mean_cents: Annotated[int, Field(ge=1)] | None = None
    deviation_cents: Annotated[int, Field(ge=0)] | None = None


class SizeView(BaseModel):
    """How many items are enough, and by which arithmetic."""

    size: int
    basis: str


class AuditCreate(Body):
    """A plan. Without a seed one is drawn and kept; `pack` adds its criteria to the given ones."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$")]
    method: Method = "random"
    begins_on: date
    ends_on: date
    size: Annotated[int, Field(ge=1, le=SIZE_MAX)] = 30
    seed: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    pack: Annotated[str, Field(max_length=40)] = ""
    criteria: CriteriaBody = CriteriaBody()
    second_readers_permille: Annotated[int, Field(ge=0, le=1000)] = 0


class AuditView(BaseModel):
    """An audit: its plan, its population, and how it stands."""

    audit_id: UUID
    version: int
    status: str
    plan: Plan
    population: Population
    created_by: str
    created_at: datetime
    closed_at: datetime | None
    refund_due_on: date | None

    @classmethod
    def of(cls, audit: Audit) -> "AuditView":
        return cls.model_construct(**{name: getattr(audit, name) for name in cls.model_fields})


class ResultsView(BaseModel):
    """Everything that was found. Rates come with their n and Wilson's 95% interval."""

    audit_id: UUID
    results: dict[str, Any]


class PackView(BaseModel):
    pack: str
    title: str
    criteria: dict[str, Any]


class PacksView(BaseModel):
    """Subjects of payers' auditors, as data."""

    items: list[PackView]


@router.get("/audit-packs", scope="CodingAudit.s")
async def get_packs(tx: RequestTx) -> PacksView:
    """The packs that ship with the system."""
    del tx
    return PacksView(
        items=[
            PackView(
                pack=each.code,
                title=each.title,
                criteria={name: value for name, value in asdict(each.criteria).items() if value},
            )
            for each in packs().values()
        ]
    )


@router.post("/coding-audits:size", scope="CodingAudit.r", audit=False)
async def compute_size(body: SizeBody, tx: RequestTx) -> SizeView:
    """How many items are enough. Keeps nothing."""
    del tx
    if body.mean_cents is None or body.deviation_cents is None:
        size = st.attribute_size(
            body.population,
            rate=body.expected_rate,
            precision=body.precision,
            confidence=body.confidence,
        )
        return SizeView(size=size, basis="attribute")
    size = st.variable_size(
        body.population,
        mean=body.mean_cents,
        deviation=body.deviation_cents,
        precision=body.precision,
        confidence=body.confidence,
    )
    return SizeView(size=size, basis="variable")


@router.post("/coding-audits", status_code=201, scope="CodingAudit.c", audit_id="audit_id")
async def post_audit(
    body: AuditCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> AuditView:
    """Draw a sample of what has left, and open a review for each item. The same plan over the same
    population draws the same sample."""
    if body.pack and body.pack not in packs():
        raise Unprocessable(
            "pack_unknown", "There is no such pack.", (Pointer("/pack", "is no pack"),)
        )
    seed = secrets.randbelow(2**53) if body.seed is None else body.seed
    plan = Plan(
        name=body.name,
        method=body.method,
        seed=seed,
        size=body.size,
        criteria=body.criteria,
        pack=body.pack,
        second_readers_permille=body.second_readers_permille,
    )
    if body.ends_on < body.begins_on:
        raise Unprocessable(
            "span_reversed", "The span ends before it begins.",
            (Pointer("/ends_on", "lies before begins_on"),),
        )  # fmt: skip
    left = await storage.population(tx, body.begins_on, body.ends_on)
    chosen = {each.encounter_id: each for each in left if _is_meant(plan, each)}
    cents = sum(each.charge_cents for each in chosen.values())
    audit = Audit(
        audit_id=new_id(),
        version=1,
        status="open",
        plan=plan,
        population=Population(body.begins_on, body.ends_on, len(chosen), cents),
        created_by=tx.actor,
        created_at=clock.now(),
    )
    sample = draw(plan, [_item(each) for each in chosen.values()])
    await storage.add(tx, audit)
    opened = [_review(tx, audit, chosen[each.item.encounter_id], each) for each in sample]
    second = [
        replace(each, reader=2, review_id=derived_id(each.review_id, "second"))
        for each in opened
        if drawn(each.encounter_id, f"second:{plan.seed}", plan.second_readers_permille)
    ]
    await reviews.add(tx, [*opened, *second])
    response.headers["Location"] = f"/coding-audits/{audit.audit_id}"
    return _shown(audit, response)


@router.get("/coding-audits", scope="CodingAudit.s")
async def list_audits(tx: RequestTx, paging: Paging) -> Page[AuditView]:
    """Audits in the order of their making; `GET /reviews?audit_id=` has the items of one."""
    after = paging.after(UUID)
    rows = await storage.page(tx, after=after[0] if after else None, limit=paging.fetch)
    return Page[AuditView].of(rows, paging, key=lambda found: (found.audit_id,), view=AuditView.of)


@router.get("/coding-audits/{audit_id}", scope="CodingAudit.r")
async def get_audit(audit_id: UUID, tx: RequestTx, response: Response) -> AuditView:
    """One audit."""
    return _shown(await _load(tx, audit_id), response)


@router.get("/coding-audits/{audit_id}/results", scope="CodingAudit.r")
async def get_results(audit_id: UUID, tx: RequestTx) -> ResultsView:
    """Three accuracies, findings by kind and cause, agreement of readers, and of every sample but
    one by risk the overpayment of the whole population with its lower limit."""
    audit = await _load(tx, audit_id)
    drawn_from = audit.population
    frame = Frame(
        method=audit.plan.method,
        draws=min(audit.plan.size, drawn_from.items),
        items=drawn_from.items,
        charge_cents=drawn_from.charge_cents,
    )
    found = results(await reviews.of_audit(tx, audit_id), frame)
    return ResultsView(audit_id=audit_id, results=asdict(found))


@router.post("/coding-audits/{audit_id}:close", scope="CodingAudit.u", audit_id="audit_id")
async def close_audit(
    audit_id: UUID, tx: RequestTx, clock: RequestClock, if_match: RequiredIfMatch, *,
    response: Response,
) -> AuditView:  # fmt: skip
    """End it. Where it found an overpayment, the 60 days for its return begin (42 CFR 401.305).
    409 `reviews_open` while an item is unread or a rebuttal undecided."""
    audit = await _load(tx, audit_id, lock=True)
    if_match.require(audit.version)
    items = await reviews.of_audit(tx, audit_id)
    if audit.status != "open":
        raise Conflict("audit_closed", "The audit is closed.")
    if any(each.status in ("open", "rebutted") for each in items):
        raise Conflict("reviews_open", "Some items are not decided yet.")
    overpaid = sum(found.impact_cents for each in items for found in each.upheld) > 0
    closed = replace(
        audit,
        version=audit.version + 1,
        status="closed",
        closed_at=clock.now(),
        refund_due_on=refund_due_on(clock.today()) if overpaid else None,
    )
    await storage.close(tx, closed)
    return _shown(closed, response)


def _is_meant(plan: Plan, left: Left) -> bool:
    facts = _facts(left)
    return plan.criteria.match(facts) and (
        not plan.pack or packs()[plan.pack].criteria.match(facts)
    )


def _facts(left: Left) -> Facts:
    coding = left.coding
    primary = coding.coverages[0] if coding.coverages else None
    return Facts(
        kind=left.kind,
        is_inpatient=left.is_inpatient,
        payer_id=primary.payer_id if primary else "",
        filing_code=primary.filing_code if primary else "",
        provider_npi=(coding.rendering_provider or coding.billing_provider).npi,
        place=coding.place_of_service_code,
        coder=left.coder,
        charge_cents=left.charge_cents,
        diagnoses=tuple(each.code for each in coding.diagnoses),
        lines=coding.lines,
    )


def _item(left: Left) -> Item:
    """Its stratum is its size; its risk is how many packs it is a case of."""
    facts = _facts(left)
    return Item(
        encounter_id=left.encounter_id,
        revision=left.revision,
        charge_cents=left.charge_cents,
        stratum=f"size_{sum(left.charge_cents >= bound for bound in DOLLARS_OF_STRATA)}",
        risk=sum(each.criteria.match(facts) for each in packs().values()),
    )


def _review(tx: Tx, audit: Audit, left: Left, each: Drawn) -> Review:
    coding = left.coding
    return Review(
        tenant_id=tx.tenant_id,
        review_id=new_id(),
        encounter_id=left.encounter_id,
        revision=left.revision,
        kind="audit",
        coder=left.coder,
        provider_npi=(coding.rendering_provider or coding.billing_provider).npi,
        payer_id=coding.coverages[0].payer_id if coding.coverages else "",
        coding=coding,
        opened_at=audit.created_at,
        audit_id=audit.audit_id,
        stratum=each.item.stratum,
        weight=each.weight,
        charge_cents=left.charge_cents,
    )


async def _load(tx: Tx, audit_id: UUID, *, lock: bool = False) -> Audit:
    audit = await storage.load(tx, audit_id, lock=lock)
    if audit is None:
        raise NotFound("audit_unknown", "There is no such audit.")
    return audit


def _shown(audit: Audit, response: Response) -> AuditView:
    versioned(response, audit.version)
    return AuditView.of(audit)
