"""Builds the three acknowledgments: TA1 for an interchange, 999 for a group, 277CA for batches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from payer_twin import billed
from payer_twin.billed import Batch, Claim
from payer_twin.plan import AnswerClaim, AnswerGroup
from rcm_x12.ack_999 import Acknowledgment, Context, ElementError, SegmentError, SetResponse
from rcm_x12.claim.parties import Payer, Provider
from rcm_x12.status_277ca import (
    ClaimAcknowledgment,
    ClaimStatus,
    ProviderStatus,
    ServiceStatus,
    Status,
    StatusCode,
    Totals,
)
from rcm_x12.tokenizer import blocks
from rcm_x12.values import Name

CLEARINGHOUSE = Name("TWIN CLEARINGHOUSE", is_person=False, id_qualifier="46", id="TWINHOUSE")


def group_answers(
    answers: Iterable[Acknowledgment],
    wishes: Mapping[tuple[str, str], tuple[str, AnswerGroup]],
    places: Mapping[str, int],
) -> tuple[Acknowledgment, ...]:
    """The codec's own verdicts, with those that the table asks for on top. `wishes` are by group
    and set number, each with the claim that asked; `places` say where each CLM stands."""
    return tuple(_group(answer, wishes, places) for answer in answers)


def _group(
    answer: Acknowledgment,
    wishes: Mapping[tuple[str, str], tuple[str, AnswerGroup]],
    places: Mapping[str, int],
) -> Acknowledgment:
    number = answer.group_control_number
    mine = {key[1]: wish for key, wish in wishes.items() if key[0] == number}
    whole = next((wish for wish in mine.values() if wish[1].whole_group), None)
    sets = []
    for each in answer.sets:
        wish = mine.get(each.control_number) or whole
        asked = wish is not None and wish[1].code != "A" and each.is_accepted
        sets.append(_marked(each, wish[0], wish[1].code, places) if asked and wish else each)
    accepted = sum(each.is_accepted for each in sets)
    code = "A"
    if accepted == 0:
        code = "R"
    elif accepted < len(sets):
        code = "P"
    elif any(each.code == "E" for each in sets):
        code = "E"
    return replace(answer, code=code, accepted_count=accepted, sets=tuple(sets))


def _marked(
    each: SetResponse, claim_number: str, code: str, places: Mapping[str, int]
) -> SetResponse:
    """CLM05 is said to be invalid: a place that every claim has."""
    error = SegmentError(
        "CLM",
        places.get(claim_number, 2),
        "8",
        "2300",
        (Context("CLM01", claim_number),),
        (ElementError(5, "I6", 1, data_element="1331"),),
    )
    return replace(each, code=code, errors=(error,), error_codes=("5",))


def claim_places(content: bytes) -> dict[str, int]:
    """Where each claim's CLM stands, counted from its ST, which is 1."""
    places: dict[str, int] = {}
    position = 0
    for block in blocks(content, []):
        element = block.separators.element
        for segment in block.segments:
            position += 1
            if segment.startswith(f"ST{element}"):
                position = 1
            elif segment.startswith(f"CLM{element}"):
                places.setdefault(segment.split(element, 2)[1], position)
    return places


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one hop says of one claim."""

    claim: Claim
    step: AnswerClaim
    payer_claim_number: str
    """Empty when the claim was rejected."""


def claim_acknowledgment(
    batch: Batch, verdicts: Sequence[Verdict], at: datetime, number: str
) -> ClaimAcknowledgment:
    """The 277CA of one hop about one batch. Whatever rejects the batch or a provider leaves out
    the levels below."""
    by_payer = verdicts[0].step.by == "payer"
    refusing = _refusing(verdicts, "batch")
    day = at.date()
    code = refusing or (StatusCode("A1", "19", "PR") if by_payer else StatusCode("A1", "19", "AY"))
    groups = [] if refusing else list(_by_provider(verdicts))
    providers = tuple(_provider(group, day) for group in groups)
    return ClaimAcknowledgment(
        reference=number,
        created_at=at,
        source=_source(verdicts) if by_payer else CLEARINGHOUSE,
        source_entity_code="PR" if by_payer else "AY",
        source_trace_number=number,
        received_on=day,
        processed_on=day,
        receiver=Name(
            batch.submitter.name, is_person=False, id_qualifier="46", id=batch.submitter.id
        ),
        batch_reference=batch.reference,
        statuses=(_status(code, day, _cents(verdicts), refused=refusing is not None),),
        totals=_totals(verdicts),
        providers=providers,
    )


def _source(verdicts: Iterable[Verdict]) -> Name:
    payers = {verdict.claim.payer for verdict in verdicts}
    payer = next(iter(payers)) if len(payers) == 1 else Payer("PAYER TWIN", "PAYERTWIN")
    return Name(payer.name, is_person=False, id_qualifier="PI", id=payer.id)


def _refusing(verdicts: Iterable[Verdict], level: str) -> StatusCode | None:
    """The code by which a whole level is rejected, if it is."""
    for verdict in verdicts:
        step = verdict.step
        if step.level == level and not step.is_accepted:
            return StatusCode(step.category_code, step.status_code, step.entity_code)
    return None


def _cents(verdicts: Iterable[Verdict]) -> int:
    return sum(verdict.claim.charge_cents for verdict in verdicts)


def _totals(verdicts: Sequence[Verdict]) -> Totals:
    refused = [one for one in verdicts if not one.step.is_accepted]
    taken = len(verdicts) - len(refused)
    cents = _cents(refused)
    return Totals(
        taken or None,
        len(refused) or None,
        _cents(verdicts) - cents if taken else None,
        cents if refused else None,
    )


def _by_provider(verdicts: Iterable[Verdict]) -> Iterable[list[Verdict]]:
    groups: dict[Provider, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.claim.billing_provider, []).append(verdict)
    return groups.values()


def _provider(verdicts: list[Verdict], day: date) -> ProviderStatus:
    provider = verdicts[0].claim.billing_provider
    refusing = _refusing(verdicts, "provider")
    hop = "PR" if verdicts[0].step.by == "payer" else "AY"
    code = refusing or StatusCode("A1", "19", hop)
    return ProviderStatus(
        provider=Name(
            provider.name,
            provider.first_name,
            provider.middle_name,
            provider.suffix,
            provider.is_person,
            "XX" if provider.npi else "FI",
            provider.npi or provider.tax_id,
        ),
        claims=() if refusing else tuple(_claim(verdict, day) for verdict in verdicts),
        trace_number="0",
        statuses=(_status(code, day, _cents(verdicts), refused=refusing is not None),),
        totals=_totals(verdicts),
    )


def _claim(verdict: Verdict, day: date) -> ClaimStatus:
    claim, step = verdict.claim, verdict.step
    person = claim.dependent.person if claim.dependent else claim.subscriber.person
    code = StatusCode(step.category_code, step.status_code, step.entity_code)
    refused = not step.is_accepted
    first, last = billed.days(claim) or (None, None)
    return ClaimStatus(
        patient=Name(
            person.last_name,
            person.first_name,
            person.middle_name,
            person.suffix,
            id_qualifier="MI",
            id=claim.subscriber.member_id,
        ),
        control_number=claim.control_number,
        statuses=(_status(code, day, claim.charge_cents, refused=refused),),
        payer_claim_number=verdict.payer_claim_number,
        service_from=first,
        service_to=last,
        services=(_line(claim, code, day),) if refused and step.level == "line" else (),
    )


def _line(claim: Claim, code: StatusCode, day: date) -> ServiceStatus:
    """The last line is the one that is found at fault."""
    line = claim.lines[-1]
    return ServiceStatus(
        procedure=billed.service(line),
        charge_cents=line.charge_cents,
        statuses=(_status(code, day, None, refused=True),),
        line_control_number=line.control_number,
        revenue_code=billed.revenue_beside(line),
        service_from=line.service_from,
        service_to=line.service_to,
    )


def _status(code: StatusCode, day: date, amount_cents: int | None, *, refused: bool) -> Status:
    return Status((code,), day, "U" if refused else "WQ", amount_cents)
