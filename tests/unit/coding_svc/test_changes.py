"""The verbs of an encounter: which statuses allow them, and what they publish."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coding_svc.domain.changes import (
    By,
    Change,
    NewEncounter,
    StatusRefused,
    Stopped,
    amend,
    finalize,
    open_encounter,
    void,
)
from coding_svc.domain.encounter import (
    TRANSITIONS,
    CodedDiagnosis,
    CodedLine,
    Coding,
    Encounter,
    EncounterStatus,
)
from rcm.contracts.coding import (
    CodingHeld,
    EncounterCoded,
    EncounterVoided,
    InstitutionalEncounterCoded,
)
from rcm.ids import new_id
from rcm.testing.claims import CLINIC, DAY, PRIMARY, STAY, persons
from rcm.testing.samples import TENANT

BY = By("coder", datetime(2026, 4, 1, tzinfo=UTC))
CODING = Coding(
    date_of_service=DAY,
    place_of_service_code="11",
    billing_provider=CLINIC,
    coverages=(PRIMARY,),
    diagnoses=(CodedDiagnosis("E119", "ABK"),),
    lines=(CodedLine("99213", DAY, (0,)),),
)
EMPTY = replace(CODING, lines=())


def opened(coding: Coding = CODING, *, at_once: bool = True) -> Change:
    new = NewEncounter(TENANT, new_id(), "visit", new_id(), coding, persons())
    return open_encounter(new, finalize=at_once, by=BY)


def encounter(status: EncounterStatus) -> Encounter:
    return replace(opened().encounter, status=status, revision=1 if status == "coded" else 0)


@pytest.mark.parametrize(
    ("change", "status", "revision", "events"),
    [
        (opened(), "coded", 1, [EncounterCoded]),
        (opened(EMPTY), "held", 0, [CodingHeld]),
        (opened(at_once=False), "draft", 0, []),
        (opened(EMPTY, at_once=False), "draft", 0, []),
    ],
)
def test_opening(change: Change, status: str, revision: int, events: list[type]) -> None:
    assert (change.encounter.status, change.encounter.revision) == (status, revision)
    assert [type(event) for event in change.events] == events
    assert (change.edge.from_status, change.edge.to_status) == (None, status)


@pytest.mark.parametrize("status", ["draft", "held", "coded", "voided"])
@pytest.mark.parametrize("verb", ["finalize", "amend", "void"])
def test_each_verb_follows_the_table(status: EncounterStatus, verb: str) -> None:
    before = encounter(status)
    changed: Change | StatusRefused | Stopped
    match verb:
        case "finalize":
            changed = finalize(before, by=BY)
            allowed = status in {"draft", "held"}
        case "amend":
            changed = amend(before, CODING, persons(), reason="why", by=BY)
            allowed = status != "voided"
        case _:
            changed = void(before, reason_code="duplicate", by=BY)
            allowed = status != "voided"
    assert isinstance(changed, Change) is allowed
    if isinstance(changed, Change):
        assert changed.edge.to_status in TRANSITIONS[status]
        assert changed.encounter.version == before.version + 1


def test_an_amendment_counts_revisions_and_must_be_clean_once_coded() -> None:
    coded = opened().encounter
    second = amend(coded, replace(CODING, place_of_service_code="22"), persons(), reason="w", by=BY)
    assert isinstance(second, Change)
    [event] = second.events
    assert isinstance(event, EncounterCoded)
    assert (event.revision, event.place_of_service_code) == (2, "22")
    stopped = amend(coded, EMPTY, persons(), reason="why", by=BY)
    assert isinstance(stopped, Stopped)
    assert [finding.code for finding in stopped.findings] == ["C102"]


def test_a_void_names_the_revision_that_it_takes_back() -> None:
    changed = void(encounter("coded"), reason_code="duplicate", by=BY)
    assert isinstance(changed, Change)
    [event] = changed.events
    assert isinstance(event, EncounterVoided)
    assert (event.revision, event.reason_code) == (1, "duplicate")


def test_a_bill_leaves_as_an_event_of_its_own() -> None:
    """So no reader of professional codings takes it for one."""
    line = CodedLine("", DAY, revenue_code="0120", units="DA", charge_amount_cents=100)
    bill = replace(CODING, place_of_service_code="", lines=(line,), institutional=STAY)
    [event] = opened(bill).events
    assert isinstance(event, InstitutionalEncounterCoded)
    assert (event.institutional, event.lines[0].revenue_code) == (STAY, "0120")
