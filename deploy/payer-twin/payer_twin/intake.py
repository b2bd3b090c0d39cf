"""Takes an interchange of claims in: plans and acknowledges them, and queues what they are paid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from payer_twin import billed
from payer_twin.acknowledging import Verdict, claim_acknowledgment, claim_places, group_answers
from payer_twin.adjudication import ScriptDoesNotFit
from payer_twin.billed import Batch
from payer_twin.envelopes import envelope_for, outgoing, route_back
from payer_twin.plan import STEPS, AnswerClaim, AnswerGroup, AnswerInterchange, By, SayStatus
from payer_twin.planning import Planned, Planner
from payer_twin.queueing import Terms, waiting
from payer_twin.storage import ClaimRow, Happened, Outgoing, Session
from rcm_x12 import ack_999, status_277ca, ta1
from rcm_x12.claim.parties import Provider
from rcm_x12.envelope import Envelope, Reading, TransactionSet

_HOPS: tuple[By, ...] = ("clearinghouse", "payer")


@dataclass(slots=True)
class _Set:
    """One ST with its claims, and whether the 999 let it pass."""

    found: TransactionSet[Batch]
    claims: list[Planned]
    is_accepted: bool = True


class Intake:
    """One interchange on its way through the payer."""

    def __init__(
        self, session: Session, received: Envelope, interchange_id: int, terms: Terms
    ) -> None:
        self._session = session
        self._received = received
        self._route = route_back(received)
        self._interchange_id = interchange_id
        self._terms = terms
        self._files: list[Outgoing] = []
        self._events: list[Happened] = []

    def run(self, reading: Reading[Batch], content: bytes) -> int:
        """Everything that can be said now, or is now sure to be said later. Returns how many claims
        the interchange holds."""
        sets = self._plan(reading)
        everyone = [planned for each in sets for planned in each.claims]
        for planned in everyone:
            self._happened(planned, self._terms.now, f"received ({planned.scenario})")
        if self._answer_interchange(everyone):
            self._answer_groups(reading, sets, content)
            passed = [each for each in sets if each.is_accepted and each.claims]
            for by in _HOPS:
                self._acknowledge(passed, by)
            self._queue(planned for each in passed for planned in each.claims)
        self._session.add_claims(self._row(planned) for planned in everyone)
        self._session.add_outgoing(self._files)
        self._session.add_events(self._events)
        return len(everyone)

    def _plan(self, reading: Reading[Batch]) -> list[_Set]:
        planner = Planner(self._session, self._received.sender_id)
        count = sum(len(one.content.claims) for one in reading.sets)
        number = self._session.next_number("claim", count) if count else 0
        sets = []
        for one in reading.sets:
            claims = []
            for claim in one.content.claims:
                claims.append(planner.plan(claim, number))
                number += 1
            sets.append(_Set(one, claims))
        return sets

    def _answer_interchange(self, everyone: Iterable[Planned]) -> bool:
        """The first claim that asks for a TA1 decides it. False when nothing else is looked at."""
        wishes = (planned.interchange_answer for planned in everyone)
        step = next((wish for wish in wishes if wish is not None), None)
        if step is None and self._received.acknowledgment_requested:
            step = AnswerInterchange()
        if step is None:
            return True
        at = self._terms.now + step.after_s
        answer = ta1.InterchangeAcknowledgment(
            self._received.interchange_control_number,
            self._received.created_at,
            step.code,
            step.note_code,
        )
        envelope = envelope_for(self._session, self._route, at)
        self._put("TA1", envelope, ta1.write(envelope, [answer]), at)
        if step.code != "R":
            return True
        for planned in everyone:
            self._refuse(planned, at, "TA1 rejects the interchange")
        return False

    def _answer_groups(self, reading: Reading[Batch], sets: Sequence[_Set], content: bytes) -> None:
        """The first claim of a file that wants something unusual of the 999 decides when it comes,
        or that it never does; rejections concern the sets of the claims that ask for them."""
        everyone = [planned for each in sets for planned in each.claims]
        wishes = {
            (each.found.envelope.group_control_number, each.found.control_number): (
                planned.claim.control_number,
                step,
            )
            for each in sets
            for planned in each.claims
            if (step := planned.group_answer) is not None and step.code != "A"
        }
        answers = ack_999.acknowledge(reading)
        if wishes:
            answers = group_answers(answers, wishes, claim_places(content))
        verdicts = [response for answer in answers for response in answer.sets]
        for each, verdict in zip(sets, verdicts, strict=True):
            each.is_accepted = verdict.is_accepted
        steps = [planned.group_answer for planned in everyone]
        step = next((one for one in steps if one != AnswerGroup()), AnswerGroup())
        if not everyone or step is not None:
            at = self._terms.now + (step.after_s if step else 0)
            envelope = envelope_for(self._session, self._route, at)
            name = self._put("999", envelope, ack_999.write(envelope, answers), at)
            self._note_group(sets, at, name)

    def _note_group(self, sets: Iterable[_Set], at: float, name: str) -> None:
        for each in sets:
            for planned in each.claims:
                if each.is_accepted:
                    self._happened(planned, at, "999 accepts its set", name)
                else:
                    self._refuse(planned, at, "999 rejects its set", name)

    def _acknowledge(self, sets: Sequence[_Set], by: By) -> None:
        """One 277CA for all that is said at the same time, with an ST for each batch."""
        by_time: dict[float, dict[int, list[Verdict]]] = {}
        people: dict[float, list[tuple[Planned, AnswerClaim]]] = {}
        for index, each in enumerate(sets):
            covering = _covering(each.claims, by)
            for planned in each.claims:
                provider = planned.claim.billing_provider
                step = covering.get(None) or covering.get(provider) or planned.claim_answer(by)
                if step is None or planned.status == "rejected":
                    continue
                at = self._terms.now + step.after_s
                number = planned.payer_claim_number
                shown = number if by == "payer" and step.is_accepted else ""
                verdict = Verdict(planned.claim, step, shown)
                by_time.setdefault(at, {}).setdefault(index, []).append(verdict)
                people.setdefault(at, []).append((planned, step))
        for at in sorted(by_time):
            self._write_277ca(sets, by_time[at], at, told=people[at])

    def _write_277ca(
        self,
        sets: Sequence[_Set],
        verdicts: dict[int, list[Verdict]],
        at: float,
        *,
        told: Iterable[tuple[Planned, AnswerClaim]],
    ) -> None:
        envelope = envelope_for(self._session, self._route, at)
        number = envelope.interchange_control_number
        answers = [
            claim_acknowledgment(sets[index].found.content, found, envelope.created_at,
                                 f"{number}{ordinal:04d}")
            for ordinal, (index, found) in enumerate(verdicts.items(), 1)
        ]  # fmt: skip
        name = self._put("277CA", envelope, status_277ca.write(envelope, answers), at)
        for planned, step in told:
            if step.is_accepted:
                self._happened(planned, at, f"277CA of the {step.by} accepts it", name)
            else:
                self._refuse(planned, at, f"277CA of the {step.by} rejects it", name)

    def _queue(self, everyone: Iterable[Planned]) -> None:
        for planned in everyone:
            if planned.status == "rejected":
                continue
            try:
                entries = waiting(self._session, self._route, planned, self._terms)
            except ScriptDoesNotFit:
                planned.note = "the script has money for another number of lines: not paid"
                self._happened(planned, self._terms.now, planned.note)
                continue
            self._session.add_waiting(entries)
            planned.status = "void" if planned.claim.frequency_code == "8" else "accepted"

    def _row(self, planned: Planned) -> ClaimRow:
        claim = planned.claim
        days = billed.days(claim)
        told = next((step for step in planned.steps if isinstance(step, SayStatus)), None)
        return ClaimRow(
            planned.number,
            self._received.sender_id,
            self._interchange_id,
            claim.control_number,
            claim.payer.id,
            claim.subscriber.member_id,
            planned.payer_claim_number if planned.status != "rejected" else "",
            claim.frequency_code,
            planned.scenario,
            planned.status,
            self._terms.now,
            claim.charge_cents,
            days[0].isoformat() if days else "",
            days[1].isoformat() if days else "",
            STEPS.dump_json((told,)).decode() if told else "",
        )

    def _refuse(self, planned: Planned, at: float, what: str, name: str = "") -> None:
        planned.status = "rejected"
        self._happened(planned, at, what, name)

    def _happened(self, planned: Planned, at: float, what: str, name: str = "") -> None:
        self._events.append(Happened(planned.number, at, what, name))

    def _put(self, kind: str, envelope: Envelope, content: bytes, at: float) -> str:
        file = outgoing(kind, envelope, content, interchange_id=self._interchange_id, due_at=at)
        self._files.append(file)
        return file.name


def _covering(claims: Iterable[Planned], by: By) -> dict[Provider | None, AnswerClaim]:
    """Rejections of a whole batch (under None) or provider: they cover all of its claims."""
    found: dict[Provider | None, AnswerClaim] = {}
    for planned in claims:
        step = planned.claim_answer(by)
        if step is None or step.is_accepted or planned.status == "rejected":
            continue
        if step.level == "batch":
            found.setdefault(None, step)
        if step.level == "provider":
            found.setdefault(planned.claim.billing_provider, step)
    return found
