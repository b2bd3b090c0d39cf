"""A 276 to its 277, by what the payer knows of the claim at that moment of its clock."""

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from payer_twin.plan import STEPS, SayStatus
from payer_twin.storage import Session
from rcm_x12 import status_276 as asked
from rcm_x12 import status_277 as told

NOT_FOUND: Final = told.StatusCode("D0", "35")
PENDING: Final = told.StatusCode("P1", "20")
PAID: Final = told.StatusCode("F1", "65")
DENIED: Final = told.StatusCode("F2", "585")
NOTHING_DUE: Final = told.StatusCode("F4", "104")
REVISED: Final = told.StatusCode("F3", "104")


@dataclass(frozen=True, slots=True)
class StatusDesk:
    """Answers the inquiries of one submitter."""

    session: Session
    submitter: str
    at: datetime

    def answer(self, inquiry: asked.Inquiry, reference: str) -> told.Response:
        """Level by level as it was asked."""
        sources = tuple(
            told.ResponseSource(
                source.payer,
                tuple(
                    told.ResponseReceiver(
                        receiver.submitter,
                        tuple(self._provider(one) for one in receiver.providers),
                        trace_number=inquiry.reference,
                    )
                    for receiver in source.receivers
                ),
            )
            for source in inquiry.sources
        )
        return told.Response(reference, self.at, sources)

    def _provider(self, provider: asked.InquiryProvider) -> told.ResponseProvider:
        people = tuple(
            told.Subscriber(
                _known(one.person),
                tuple(self._claim(claim) for claim in one.claims),
                tuple(
                    told.Dependent(
                        _known(each.person), tuple(self._claim(claim) for claim in each.claims)
                    )
                    for each in one.dependents
                ),
            )
            for one in provider.subscribers
        )
        return told.ResponseProvider(provider.names, people)

    def _claim(self, claim: asked.ClaimInquiry) -> told.ClaimStatus:
        row = self.session.claim_of(
            self.submitter,
            control_number=claim.patient_account_number,
            payer_claim_number=claim.payer_claim_number,
        )
        if row is None:
            status = told.Status((NOT_FOUND,), self.at.date(), claim.charge_cents or 0, 0)
            return told.ClaimStatus(
                claim.trace_number,
                (status,),
                claim.service_from,
                claim.service_to,
                patient_account_number=claim.patient_account_number,
            )
        start, end = date.fromisoformat(row["service_from"]), date.fromisoformat(row["service_to"])
        return told.ClaimStatus(
            claim.trace_number,
            (self._status(row),),
            start,
            end if end != start else None,
            row["payer_claim_number"],
            row["control_number"],
        )

    def _status(self, row: sqlite3.Row) -> told.Status:
        day, charge = self.at.date(), int(row["charge_cents"])
        said = self._said(row)
        if said is not None:
            return told.Status((said,), day, charge, 0)
        if row["status"] in {"received", "accepted"}:
            return told.Status((PENDING,), day, charge, 0)
        paid_on = date.fromisoformat(row["paid_on"]) if row["paid_on"] else None
        paid = int(row["paid_cents"])
        code = REVISED
        if row["status"] == "adjudicated":
            code = PAID if paid else DENIED if row["is_denied"] else NOTHING_DUE
        moved = bool(paid) and paid_on is not None
        return told.Status(
            (code,),
            day,
            charge,
            paid,
            adjudicated_on=paid_on,
            paid_on=paid_on if moved else None,
            payment_number=row["trace_number"] if moved else "",
        )

    def _said(self, row: sqlite3.Row) -> told.StatusCode | None:
        """What the claim's steps want said, while its payment is still to come."""
        if not row["told"] or row["status"] != "accepted":
            return None
        [step] = STEPS.validate_json(row["told"])
        if not isinstance(step, SayStatus) or row["told_count"] >= step.times:
            return None
        self.session.told(row["id"])
        return told.StatusCode(step.category_code, step.status_code, step.entity_code)


def _known(person: asked.Person) -> told.Person:
    """A 277 names the person and no birth date."""
    return told.Person(person.name)
