"""Claims and the encounters they come from: opened by a coding, rebuilt or replaced by an amended
one, voided with the encounter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from claims_svc.domain import filing
from claims_svc.domain.change import Change, Refused
from claims_svc.domain.claim import (
    RANKS,
    Cause,
    Claim,
    Content,
    Frequency,
    patient_control_number,
    unadjudicated,
)
from claims_svc.domain.coordination import NOTHING_DECIDED, Decided
from claims_svc.domain.lifecycle import WORKABLE
from claims_svc.domain.pricing import FeeSchedules, priced
from claims_svc.domain.release import Facts, is_open, judge, void
from claims_svc.domain.voiding import payers_to_tell
from rcm.contracts.coding import AnyEncounterCoded, EncounterCoded, InstitutionalEncounterCoded
from rcm.contracts.values import CoverageRank, Finding, Persons
from rcm.ids import derived_id
from rcm.ledger.entries import Entry

ENCOUNTER_CHANGED = "L003"


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim to be, before anybody judged it."""

    tenant_id: UUID
    claim_id: UUID
    patient_id: UUID
    content: Content
    persons: Persons
    external_id: str | None = None
    encounter_ids: tuple[UUID, ...] = ()
    encounter_revision: int = 0
    frequency_code: Frequency = "1"
    replaces_claim_id: UUID | None = None
    hold_reason: str | None = None
    billed_rank: CoverageRank = RANKS[0]


def content_of(coded: AnyEncounterCoded) -> Content:
    """What an encounter's coding bills."""
    bill = coded.institutional if isinstance(coded, InstitutionalEncounterCoded) else None
    place = coded.place_of_service_code if isinstance(coded, EncounterCoded) else ""
    return Content(
        date_of_service=coded.date_of_service,
        end_date_of_service=coded.end_date_of_service,
        place_of_service_code=place,
        billing_provider=coded.billing_provider,
        rendering_provider=coded.rendering_provider,
        service_facility=coded.service_facility,
        coverages=coded.coverages,
        diagnoses=coded.diagnoses,
        lines=coded.lines,
        prior_authorization_number=coded.prior_authorization_number,
        referral_number=coded.referral_number,
        patient_authorized_release=coded.patient_authorized_release,
        benefits_assigned_to_provider=coded.benefits_assigned_to_provider,
        provider_accepts_assignment=coded.provider_accepts_assignment,
        institutional=bill,
    )


def open_claim(draft: Draft, schedules: FeeSchedules, facts: Facts, cause: Cause) -> Change:
    """A new claim: priced, scrubbed, and ready or held."""
    return judge(drafted(draft, schedules, cause), None, facts, cause)


def drafted(draft: Draft, schedules: FeeSchedules, cause: Cause) -> Claim:
    """The claim as a draft, priced."""
    content = priced(draft.content, schedules)
    return Claim(
        tenant_id=draft.tenant_id,
        claim_id=draft.claim_id,
        patient_id=draft.patient_id,
        patient_control_number=patient_control_number(draft.claim_id),
        content=content,
        status="draft",
        outcome="none",
        responsible_party=draft.billed_rank,
        money=unadjudicated(content.charge_cents),
        created_at=cause.now,
        updated_at=cause.now,
        external_id=draft.external_id,
        encounter_ids=draft.encounter_ids,
        encounter_revision=draft.encounter_revision,
        frequency_code=draft.frequency_code,
        replaces_claim_id=draft.replaces_claim_id,
        billed_rank=draft.billed_rank,
        filing_deadline=filing.deadline(content, draft.billed_rank),
        hold_reason=draft.hold_reason,
        persons=draft.persons,
    )


@dataclass(frozen=True, slots=True)
class Coding:
    """A coding that arrived, with the person block opened."""

    event: AnyEncounterCoded
    persons: Persons


def follow_coding(
    coding: Coding,
    claims: Sequence[Claim],
    schedules: FeeSchedules,
    *,
    facts: Facts,
    cause: Cause,
) -> Iterator[Change]:
    """What a coding does to the claims of its encounter. `claims` are the live ones, oldest first;
    `facts` are the newest one's.

    The first coding opens a claim. An amended one is built into a claim that no payer has accepted;
    otherwise a replacement (frequency 7) goes after it, unless it only mends the coverage of a
    payer that has not decided yet. A coding that is not newer changes nothing.
    """
    coded = coding.event
    newest = claims[-1] if claims else None
    if newest is None:
        draft = _draft(coding)
        yield open_claim(draft, schedules, facts, cause)
    elif len(newest.encounter_ids) > 1:
        yield _flagged(newest, cause)
    elif newest.encounter_revision >= coded.revision:
        return
    elif is_open(newest):
        yield judge(_rebuilt(newest, coding, schedules, cause), newest, facts, cause)
    elif newest.status in WORKABLE and _is_about_later_payers(newest, coding):
        yield _mended(newest, coding, cause)
    else:
        draft = replace(_draft(coding), frequency_code="7", replaces_claim_id=newest.claim_id)
        after = replace(facts, original=newest, booked_charge=None)
        yield open_claim(draft, schedules, after, cause)
        yield _marked(newest, draft.claim_id, cause)


def follow_void(
    claims: Sequence[Claim],
    charges: Mapping[UUID, Entry],
    decided: Mapping[UUID, Decided],
    *,
    revision: int,
    cause: Cause,
) -> Iterator[Change]:
    """What a voided encounter does to its live claims: those that no payer accepted are voided in
    place, for the others a void claim (frequency 8) goes out to each payer that knows them, or
    waits for that payer's number. `decided` is by claim."""
    for claim in claims:
        if not can_be_voided_at_payers(claim):
            continue
        if len(claim.encounter_ids) > 1:
            yield _flagged(claim, cause)
            continue
        booked = None if claim.charge_entry_id is None else charges[claim.charge_entry_id]
        changed = void(claim, booked, cause)
        if isinstance(changed, Refused):
            known = decided.get(claim.claim_id, NOTHING_DECIDED)
            yield from void_at_payers(claim, known, cause, purpose=f"void:{revision}")
        else:
            yield changed


def can_be_voided_at_payers(claim: Claim) -> bool:
    """Whether a claim of frequency 8 may follow: it stands, and no other claim takes its place."""
    return claim.status != "voided" and claim.superseded_by is None and claim.frequency_code != "8"


def void_at_payers(
    claim: Claim, decided: Decided, cause: Cause, *, purpose: str = "void"
) -> Iterator[Change]:
    """The claims of frequency 8 that take back one that payers know, one for each of them, and then
    the mark on that one: it names the void that goes to the first of them."""
    drafts = [_void_draft(claim, rank, purpose) for rank in payers_to_tell(claim, decided)]
    facts = Facts(original=claim, decided=decided)
    for draft in drafts:
        yield open_claim(draft, FeeSchedules(()), facts, cause)
    yield _marked(claim, drafts[-1].claim_id, cause)


def _void_draft(claim: Claim, rank: CoverageRank, purpose: str) -> Draft:
    assert claim.persons is not None  # noqa: S101 - every caller loads it with persons
    apart = () if rank == RANKS[0] else (rank,)
    return Draft(
        tenant_id=claim.tenant_id,
        claim_id=derived_id(claim.claim_id, purpose, *apart),
        patient_id=claim.patient_id,
        content=claim.content,
        persons=claim.persons,
        encounter_ids=claim.encounter_ids,
        encounter_revision=claim.encounter_revision,
        frequency_code="8",
        replaces_claim_id=claim.claim_id,
        billed_rank=rank,
    )


def _draft(coding: Coding) -> Draft:
    coded = coding.event
    return Draft(
        tenant_id=coded.tenant_id,
        claim_id=derived_id(coded.encounter_id, "claim", coded.revision),
        patient_id=coded.patient_id,
        content=content_of(coded),
        persons=coding.persons,
        encounter_ids=(coded.encounter_id,),
        encounter_revision=coded.revision,
    )


def _rebuilt(claim: Claim, coding: Coding, schedules: FeeSchedules, cause: Cause) -> Claim:
    content = priced(content_of(coding.event), schedules)
    return replace(
        claim,
        content=content,
        persons=coding.persons,
        encounter_revision=coding.event.revision,
        filing_deadline=filing.deadline(content),
        version=claim.version + 1,
        updated_at=cause.now,
    )


def _is_about_later_payers(claim: Claim, coding: Coding) -> bool:
    """Whether a coding leaves all that the payers before `billed_rank` have decided on."""
    before, after = claim.content, content_of(coding.event)
    decided = RANKS.index(claim.billed_rank)
    charged = tuple(
        line.model_copy(update={"charge_amount_cents": known.charge_amount_cents})
        if line.charge_amount_cents is None
        else line
        for known, line in zip(before.lines, after.lines, strict=False)
    )
    same_lines = len(before.lines) == len(after.lines) and charged == before.lines
    return (
        same_lines
        and replace(after, coverages=before.coverages, lines=before.lines) == before
        and after.coverages[:decided] == before.coverages[:decided]
        and _insured(coding.persons, decided) == _insured(claim.persons, decided)
    )


def _insured(persons: Persons | None, payers: int) -> tuple[object, ...]:
    """The patient, and the members of the first so many payers."""
    if persons is None:
        return ()
    members = (member for member in persons.members if member.rank in RANKS[:payers])
    return (persons.patient, *members)


def _mended(claim: Claim, coding: Coding, cause: Cause) -> Change:
    """It stays where it is: whoever releases it sends it with the new coverage."""
    coverages = coding.event.coverages
    mended = replace(
        claim,
        content=replace(claim.content, coverages=coverages),
        persons=coding.persons,
        encounter_revision=coding.event.revision,
        version=claim.version + 1,
        updated_at=cause.now,
    )
    return Change(mended, claim)


def _marked(original: Claim, successor: UUID, cause: Cause) -> Change:
    marked = replace(
        original,
        superseded_by=successor,
        version=original.version + 1,
        updated_at=cause.now,
    )
    return Change(marked, original)


def _flagged(claim: Claim, cause: Cause) -> Change:
    """A claim of several encounters is not rebuilt from one of them: a person decides."""
    finding = Finding(
        code=ENCOUNTER_CHANGED,
        severity="warning",
        message="one of the claim's encounters was amended or voided",
    )
    others = tuple(known for known in claim.findings if known.code != ENCOUNTER_CHANGED)
    flagged = replace(
        claim,
        findings=(*others, finding),
        version=claim.version + 1,
        updated_at=cause.now,
    )
    return Change(flagged, claim)
