"""A set of codings and voids, worked through in memory: each event sees what the ones before it in
the set have done, and the door saves all of it at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from claims_svc.domain.change import Change
from claims_svc.domain.claim import Cause, Claim, Content, service_codes
from claims_svc.domain.coordination import Decided
from claims_svc.domain.lineage import Coding, follow_coding, follow_void
from claims_svc.domain.pricing import FeeSchedules
from claims_svc.domain.release import Facts
from rcm.contracts.coding import EncounterVoided
from rcm.ledger.entries import Entry

Visit = tuple[UUID, UUID, date, str]
"""Tenant, patient, day and provider: within it, the same service twice is a duplicate."""

NO_SCHEDULES = FeeSchedules(())


@dataclass(frozen=True, slots=True)
class Billed:
    """The services that one live claim bills."""

    claim_id: UUID
    encounter_ids: frozenset[UUID]
    procedure_codes: frozenset[str]


def visit_of(tenant_id: UUID, patient_id: UUID, content: Content) -> Visit:
    """What the services of a claim are compared within."""
    return tenant_id, patient_id, content.date_of_service, provider_npi(content)


def provider_npi(content: Content) -> str:
    """Who gave the service: the rendering provider, where there is one."""
    return (content.rendering_provider or content.billing_provider).npi


@dataclass(slots=True)
class Desk:
    """What is on the table while a set is worked through: the claims of its encounters, the charges
    that stand, prices by tenant, and what is billed for the same visits."""

    claims: dict[UUID, Claim] = field(default_factory=dict)
    charges: dict[UUID, Entry] = field(default_factory=dict)
    schedules: Mapping[UUID, FeeSchedules] = field(default_factory=dict)
    billed: dict[Visit, dict[UUID, Billed]] = field(default_factory=dict)
    decided: Mapping[UUID, Decided] = field(default_factory=dict)
    """What payers decided on the claims that may be voided, by claim."""
    _of_encounter: dict[UUID, list[UUID]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        claims: Iterable[Claim],
        charges: Mapping[UUID, Entry],
        schedules: Mapping[UUID, FeeSchedules],
        billed: dict[Visit, dict[UUID, Billed]],
        *,
        decided: Mapping[UUID, Decided] | None = None,
    ) -> "Desk":
        """A desk with these claims, oldest first, and the originals that they replace."""
        desk = cls(charges=dict(charges), schedules=schedules, billed=billed, decided=decided or {})
        for claim in claims:
            desk._put(claim)
        return desk

    def code(self, coding: Coding, cause: Cause) -> list[Change]:
        """A coding arrives."""
        event = coding.event
        live = self._live(event.encounter_id)
        newest = live[-1] if live else None
        facts = Facts(
            original=self._original(newest),
            billed_elsewhere=self._billed_elsewhere(coding),
            booked_charge=self._charge(newest),
        )
        schedules = self.schedules.get(event.tenant_id, NO_SCHEDULES)
        return self._done(follow_coding(coding, live, schedules, facts=facts, cause=cause))

    def void(self, event: EncounterVoided, cause: Cause) -> list[Change]:
        """An encounter is voided."""
        live = self._live(event.encounter_id)
        return self._done(
            follow_void(live, self.charges, self.decided, revision=event.revision, cause=cause)
        )

    def _done(self, changes: Iterable[Change]) -> list[Change]:
        done = list(changes)
        for change in done:
            self._put(change.claim)
            self.charges.update({entry.entry_id: entry for entry in change.entries})
        return done

    def _put(self, claim: Claim) -> None:
        if claim.claim_id not in self.claims:
            for encounter_id in claim.encounter_ids:
                self._of_encounter.setdefault(encounter_id, []).append(claim.claim_id)
        self.claims[claim.claim_id] = claim
        visit = visit_of(claim.tenant_id, claim.patient_id, claim.content)
        services = Billed(
            claim.claim_id,
            frozenset(claim.encounter_ids),
            frozenset(service_codes(claim.content)),
        )
        if claim.status == "voided" or claim.frequency_code == "8":
            self.billed.get(visit, {}).pop(claim.claim_id, None)
        else:
            self.billed.setdefault(visit, {})[claim.claim_id] = services

    def _live(self, encounter_id: UUID) -> list[Claim]:
        known = [self.claims[claim_id] for claim_id in self._of_encounter.get(encounter_id, ())]
        return [
            claim for claim in known if claim.status != "voided" and claim.frequency_code != "8"
        ]

    def _original(self, claim: Claim | None) -> Claim | None:
        if claim is None or claim.replaces_claim_id is None:
            return None
        return self.claims.get(claim.replaces_claim_id)

    def _charge(self, claim: Claim | None) -> Entry | None:
        if claim is None or claim.charge_entry_id is None:
            return None
        return self.charges.get(claim.charge_entry_id)

    def _billed_elsewhere(self, coding: Coding) -> frozenset[str]:
        event = coding.event
        provider = event.rendering_provider or event.billing_provider
        visit = (event.tenant_id, event.patient_id, event.date_of_service, provider.npi)
        found: set[str] = set()
        for services in self.billed.get(visit, {}).values():
            if event.encounter_id not in services.encounter_ids:
                found |= services.procedure_codes
        return frozenset(found)
