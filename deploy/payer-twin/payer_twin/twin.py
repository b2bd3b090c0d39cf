"""The payer itself, behind all of its doors: what comes in by any of them is treated alike."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from payer_twin.clock import Clock
from payer_twin.envelopes import envelope_for, outgoing, route_back
from payer_twin.inquiring import answer_inquiries
from payer_twin.intake import Intake
from payer_twin.queueing import Terms
from payer_twin.settings import TwinSettings
from payer_twin.settling import settle
from payer_twin.sorting import Sorted, sort
from payer_twin.storage import Act, Received, Session, Storage
from rcm_x12 import ta1
from rcm_x12.findings import NotX12

DATABASE = "payer-twin.sqlite"
_PAYMENT_RUN = "payment_run"


class Refused(ValueError):  # noqa: N818 - it says what happened
    """The payer does not take the file; the text holds nothing of it."""


class ControlNumberReused(Refused):
    """The submitter sent other bytes under an ISA13 that it has used before."""


class NameReused(Refused):
    """The submitter sent other bytes under a file name that it has used before."""


class NotTheSubmitter(Refused):
    """ISA06 is not who is speaking."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file at a door."""

    content: bytes
    door: str
    file_name: str = ""
    submitter: str | None = None
    """Who is speaking; None may speak for anybody."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What comes back at once."""

    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivered interchange."""

    submitter: str
    control_number: str
    is_repeated: bool
    claim_count: int
    answers: tuple[str, ...]
    """Names of the files that answer it by now, also of those not due yet."""


class Twin:
    """All that a door needs. Every method is one transaction and blocks meanwhile."""

    def __init__(self, settings: TwinSettings, wall: Callable[[], float]) -> None:
        self.settings = settings
        self.storage = Storage(settings.data_dir / DATABASE)
        self.clock = Clock(self.storage, wall)

    def close(self) -> None:
        self.storage.close()

    def take(self, delivery: Delivery) -> Receipt:
        """Store, answer and adjudicate one interchange, once.

        Raises NotX12 for anything else, and Refused.
        """
        found = sort(delivery.content)
        self._check(delivery, found)
        digest = sha256(delivery.content).hexdigest()
        now = self.clock.now()
        with self.storage.transaction() as session:
            settle(session, now)
            known = session.interchange(found.submitter, found.control_number)
            if known is not None:
                if known["digest"] != digest:
                    raise ControlNumberReused("other content came under this ISA13 before")
                count, number = int(known["claim_count"]), int(known["id"])
                return self._receipt(session, found, number, count, is_repeated=True)
            number = self._receive(session, delivery, found, now=now)
            count = self._answer(session, found, number, delivery.content, now=now)
            settle(session, now)
            return self._receipt(session, found, number, count, is_repeated=False)

    @staticmethod
    def _receive(session: Session, delivery: Delivery, found: Sorted, *, now: float) -> int:
        return session.add_interchange(
            Received(
                found.submitter,
                found.control_number,
                found.kind,
                delivery.door,
                delivery.file_name,
                now,
                sha256(delivery.content).hexdigest(),
                delivery.content,
            )
        )

    def _check(self, delivery: Delivery, found: Sorted) -> None:
        if delivery.submitter is not None and found.submitter != delivery.submitter:
            raise NotTheSubmitter("ISA06 is not the submitter who is speaking")
        if found.kind == "":
            raise Refused("the interchange holds nothing that this payer takes")
        if delivery.file_name:
            with self.storage.transaction() as session:
                known = session.delivered(found.submitter, delivery.file_name)
            if known is not None and known != sha256(delivery.content).hexdigest():
                raise NameReused("other content came under this name before")

    def _answer(
        self, session: Session, found: Sorted, number: int, content: bytes, *, now: float
    ) -> int:
        if found.claims is None:
            if found.eligibility or found.status:
                files = answer_inquiries(session, found, number, now=now, at_once=False)
                session.add_outgoing(files)
            return 0
        intake = Intake(session, found.envelope, number, self._terms(session, now))
        count = intake.run(found.claims, content)
        session.set_claim_count(number, count)
        return count

    def _terms(self, session: Session, now: float) -> Terms:
        hours, _, minutes = self.payment_run(session).partition(":")
        run = int(hours) * 60 + int(minutes) if hours else None
        return Terms(now, self.settings.remittance_delay_s, run)

    def take_or_refuse(self, delivery: Delivery) -> str:
        """At doors that take any file and answer later: how it ended, in words. A control number
        that was used before is answered by a TA1. Raises NameReused and NotTheSubmitter."""
        try:
            receipt = self.take(delivery)
        except NotX12:
            return "not X12"
        except ControlNumberReused as refusal:
            self._answer_reuse(delivery)
            return str(refusal)
        except (NameReused, NotTheSubmitter):
            raise
        except Refused as refusal:
            return str(refusal)
        return "repeated" if receipt.is_repeated else "taken"

    def _answer_reuse(self, delivery: Delivery) -> None:
        found = sort(delivery.content)
        now = self.clock.now()
        with self.storage.transaction() as session:
            envelope = envelope_for(session, route_back(found.envelope), now)
            answer = ta1.InterchangeAcknowledgment(
                found.control_number, found.envelope.created_at, "R", "025"
            )
            content = ta1.write(envelope, [answer])
            file = outgoing("TA1", envelope, content, interchange_id=None, due_at=now)
            session.add_outgoing([file])

    @staticmethod
    def _receipt(
        session: Session, found: Sorted, number: int, count: int, *, is_repeated: bool
    ) -> Receipt:
        names = tuple(session.names_of(number))
        return Receipt(found.submitter, found.control_number, is_repeated, count, names)

    def payment_run(self, session: Session) -> str:
        """HH:MM of the daily run as it was set last; empty pays at once."""
        kept = session.setting(_PAYMENT_RUN)
        return self.settings.payment_run if kept is None else kept

    def set_payment_run(self, at: str) -> None:
        with self.storage.transaction() as session:
            session.set_setting(_PAYMENT_RUN, at)

    @contextmanager
    def settled(self) -> Iterator[Session]:
        """One transaction, after everything that is due by now has happened."""
        with self.storage.transaction() as session:
            settle(session, self.clock.now())
            yield session

    def content(self, submitter: str, name: str) -> bytes | None:
        with self.settled() as session:
            return session.content(submitter, name, self.clock.now())

    def delivered(self, submitter: str, name: str) -> bytes | None:
        """The bytes of what came under this name."""
        with self.storage.transaction() as session:
            return session.delivered_content(submitter, name)

    def ask(self, delivery: Delivery) -> Answered:
        """A 270 or 276 in, the 271 or 277 out, or the 999 that says why not. The same bytes again
        get the same answer.

        Raises NotX12 and Refused."""
        found = sort(delivery.content)
        if found.eligibility is None and found.status is None:
            raise Refused("the interchange is no inquiry that this payer answers")
        self._check(delivery, found)
        digest = sha256(delivery.content).hexdigest()
        now = self.clock.now()
        with self.storage.transaction() as session:
            settle(session, now)
            known = session.interchange(found.submitter, found.control_number)
            if known is not None and known["digest"] != digest:
                raise ControlNumberReused("other content came under this ISA13 before")
            number = known["id"] if known else self._receive(session, delivery, found, now=now)
            if known is None:
                files = answer_inquiries(session, found, number, now=now, at_once=True)
                session.add_handed_over(files, now)
            kind, content = session.answer_of(number)
            return Answered(kind, content)

    def taken(self, submitter: str, name: str) -> bool:
        """The submitter has the file and needs it no more."""
        with self.storage.transaction() as session:
            return session.taken(submitter, name, self.clock.now())

    def note(self, acts: Iterable[Act]) -> None:
        with self.storage.transaction() as session:
            session.add_acts(acts)
