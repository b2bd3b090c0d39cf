"""Takes an interchange in: acknowledges it, decides its claims, and puts the answers out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from payer_twin.adjudication import adjudicate, reverse
from payer_twin.answers import Cycle, Decision, claim_acknowledgment, remittance
from payer_twin.scenarios import Rejection, choose
from payer_twin.storage import ClaimRow, Outgoing, Session, Storage
from rcm_x12 import ack_999, claim_837p, remittance_835, status_277ca, ta1
from rcm_x12.claim_837p import Batch, Claim, Payer, Provider
from rcm_x12.envelope import Envelope, Reading
from rcm_x12.remittance_835 import ClaimPayment, Remittance

UNKNOWN_ORIGINAL = Rejection("A7", "464", "PR")
"""A replacement or void whose REF*F8 names no claim that was paid."""


UNEQUAL_CHARGE = Rejection("A7", "178")
"""CLM02 is not the sum of the lines."""


class ControlNumberReused(ValueError):  # noqa: N818 - it says what happened
    """The submitter sent other bytes under an ISA13 that it has used before."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a posted interchange."""

    submitter: str
    control_number: str
    is_repeated: bool
    claim_count: int
    answers: tuple[str, ...]
    """Names of the files that answer it, also of those not due yet."""


def take(storage: Storage, content: bytes, *, now: float, remittance_delay_s: float) -> Receipt:
    """Store, answer and adjudicate one interchange, once.

    Raises NotX12 for anything else, ValueError when it holds no 837P, ControlNumberReused.
    """
    reading = claim_837p.read(content)
    if not reading.sets:
        raise ValueError("the interchange holds no professional claims (837P)")
    envelope = reading.sets[0].envelope
    digest = sha256(content).hexdigest()
    with storage.transaction() as session:
        known = session.interchange(envelope.sender_id, envelope.interchange_control_number)
        if known is not None:
            if known["digest"] != digest:
                raise ControlNumberReused
            return _receipt(session, envelope, known["id"], known["claim_count"], repeated=True)
        number = session.add_interchange(
            envelope.sender_id, envelope.interchange_control_number, digest, content
        )
        answering = _Answering(session, envelope, number, now=now, due=now + remittance_delay_s)
        count = answering.run(reading)
        session.set_claim_count(number, count)
        return _receipt(session, envelope, number, count, repeated=False)


def _receipt(
    session: Session, envelope: Envelope, interchange_id: int, count: int, *, repeated: bool
) -> Receipt:
    return Receipt(
        envelope.sender_id,
        envelope.interchange_control_number,
        repeated,
        count,
        tuple(session.names_of(interchange_id)),
    )


class _Answering:
    """One interchange on its way through the payer."""

    def __init__(
        self,
        session: Session,
        received: Envelope,
        interchange_id: int,
        *,
        now: float,
        due: float,
    ) -> None:
        self.session = session
        self.received = received
        self.interchange_id = interchange_id
        self.now = now
        self.due = due
        self.files: list[Outgoing] = []

    def run(self, reading: Reading[Batch]) -> int:
        if self.received.acknowledgment_requested:
            self._answer_interchange()
        answers = ack_999.acknowledge(reading)
        envelope = self._envelope(1)
        self._put("999", envelope, ack_999.write(envelope, answers))
        accepted = [response.is_accepted for answer in answers for response in answer.sets]
        batches = [one.content for one, ok in zip(reading.sets, accepted, strict=True) if ok]
        decided = [(batch, self._decide(batch)) for batch in batches if batch.claims]
        if decided:
            self._acknowledge(decided)
            self._pay([decision for _, decisions in decided for decision in decisions])
        self.session.add_outgoing(self.files)
        return sum(len(decisions) for _, decisions in decided)

    def _decide(self, batch: Batch) -> list[Decision]:
        first = self.session.next_number("claim", len(batch.claims))
        return [
            self._decide_one(claim, f"TW{first + index:010d}")
            for index, claim in enumerate(batch.claims)
        ]

    def _decide_one(self, claim: Claim, number: str) -> Decision:
        codes = tuple(line.procedure.code for line in claim.lines)
        scenario = choose(claim.subscriber.member_id, claim.charge_cents, codes)
        rejection = scenario.rejection
        if claim.charge_cents != sum(line.charge_cents for line in claim.lines):
            rejection = UNEQUAL_CHARGE
        if claim.frequency_code in {"7", "8"} and rejection is None:
            original = claim.original_claim_number
            if self.session.adjudicated(self.received.sender_id, original) is None:
                rejection = UNKNOWN_ORIGINAL
        return Decision(claim, scenario, "" if rejection else number, rejection)

    def _answer_interchange(self) -> None:
        answer = ta1.InterchangeAcknowledgment(
            self.received.interchange_control_number, self.received.created_at, "A"
        )
        envelope = self._envelope(0)
        self._put("TA1", envelope, ta1.write(envelope, [answer]))

    def _acknowledge(self, decided: Sequence[tuple[Batch, list[Decision]]]) -> None:
        envelope = self._envelope(2)
        answers = [
            claim_acknowledgment(
                batch,
                decisions,
                envelope.created_at,
                f"{envelope.interchange_control_number}{ordinal:04d}",
            )
            for ordinal, (batch, decisions) in enumerate(decided, 1)
        ]
        self._put("277CA", envelope, status_277ca.write(envelope, answers))

    def _pay(self, decisions: Sequence[Decision]) -> None:
        """One remittance per payer and billing provider, all in one file; then the record."""
        envelope = self._envelope(3)
        name = self._name(envelope, "835")
        cycles: dict[tuple[Payer, Provider], list[ClaimPayment]] = {}
        rows = []
        for decision in decisions:
            paid = None
            if decision.rejection is None:
                paid = adjudicate(decision.claim, decision.scenario, decision.payer_claim_number)
                key = (decision.claim.payer, decision.claim.billing_provider)
                cycles.setdefault(key, []).extend(self._with_original(decision, paid))
            rows.append(self._row(decision, paid, name))
        self.session.add_claims(rows)
        if cycles:
            remittances = [self._remittance(key, paid, envelope) for key, paid in cycles.items()]
            self._put("835", envelope, remittance_835.write(envelope, remittances))

    def _with_original(self, decision: Decision, paid: ClaimPayment) -> list[ClaimPayment]:
        """A replacement takes the original back first; a void does nothing else."""
        if decision.claim.frequency_code == "1":
            return [paid]
        number = decision.claim.original_claim_number
        row = self.session.adjudicated(self.received.sender_id, number)
        if row is None:
            return [paid]
        self.session.mark(
            row["id"], "voided" if decision.claim.frequency_code == "8" else "reversed"
        )
        content = self.session.remittance(row["remittance_name"])
        originals = (
            claim
            for one in remittance_835.read(content).contents
            for claim in one.claims
            if claim.payer_claim_number == number and claim.status_code != "22"
        )
        reversal = reverse(next(originals))
        return [reversal] if decision.claim.frequency_code == "8" else [reversal, paid]

    def _remittance(
        self, key: tuple[Payer, Provider], claims: list[ClaimPayment], envelope: Envelope
    ) -> Remittance:
        payer, provider = key
        place = (self.received.sender_id, payer.id, provider.npi or provider.tax_id)
        owed, reference = self.session.owed(*place)
        trace = f"TWEFT{self.session.next_number('trace'):010d}"
        cycle = Cycle(payer, provider, tuple(claims), owed, reference)
        paid = remittance(cycle, trace, envelope.created_at)
        if paid.owed_cents != owed:
            self.session.set_owed(place, paid.owed_cents, trace)
        return paid.remittance

    def _row(self, decision: Decision, paid: ClaimPayment | None, name: str) -> ClaimRow:
        claim = decision.claim
        status = "rejected" if paid is None else "adjudicated"
        if paid is not None and claim.frequency_code == "8":
            status, paid = "void", None
        return ClaimRow(
            self.received.sender_id,
            self.interchange_id,
            claim.control_number,
            claim.payer.id,
            decision.payer_claim_number,
            claim.frequency_code,
            decision.scenario.code,
            status,
            claim.charge_cents,
            paid.paid_cents if paid else 0,
            (paid.patient_responsibility_cents or 0) if paid else 0,
            None if status == "rejected" else name,
        )

    def _envelope(self, minutes: int) -> Envelope:
        """Ours, back to the sender, a little later than what it answers."""
        number = self.session.next_number(f"interchange:{self.received.sender_id}")
        received = self.received
        return Envelope(
            sender_id=received.receiver_id,
            receiver_id=received.sender_id,
            interchange_control_number=f"{number:09d}",
            group_control_number=str(number),
            created_at=received.created_at + timedelta(minutes=minutes),
            sender_qualifier=received.receiver_qualifier,
            receiver_qualifier=received.sender_qualifier,
            application_sender=received.application_receiver,
            application_receiver=received.application_sender,
            usage=received.usage,
        )

    @staticmethod
    def _name(envelope: Envelope, kind: str) -> str:
        safe = "".join(char if char.isalnum() else "_" for char in envelope.receiver_id)
        return f"{safe}.{envelope.interchange_control_number}.{kind}.x12"

    def _put(self, kind: str, envelope: Envelope, content: bytes) -> None:
        due = self.due if kind == "835" else self.now
        name, receiver = self._name(envelope, kind), self.received.sender_id
        self.files.append(Outgoing(name, receiver, kind, self.interchange_id, due, content))
