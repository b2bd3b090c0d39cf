"""What an audit found: three accuracies, agreement of readers, and the overpayment that follows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from coding_svc.domain.audit import statistics as st
from coding_svc.domain.audit.accuracy import Accuracy, accuracy, grouped
from coding_svc.domain.audit.extrapolation import Extrapolation, Frame, extrapolated
from coding_svc.domain.audit.statistics import Proportion
from coding_svc.domain.desk.review import Review

# 42 CFR 401.305: an overpayment is reported and returned within 60 days of its identification.
REFUND_DAYS = 60


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that a report shows of an audit."""

    read: int
    unread: int
    accuracy: Accuracy
    by_coder: dict[str, Accuracy]
    by_provider: dict[str, Accuracy]
    by_specialty: dict[str, Accuracy]
    by_payer: dict[str, Accuracy]
    by_month: dict[str, Accuracy]
    findings: dict[str, int]
    root_causes: dict[str, int]
    overturned: int
    kappa: float | None
    agreement: Proportion
    extrapolation: Extrapolation | None = None
    notes: tuple[str, ...] = field(default=())


def results(reviews: Sequence[Review], frame: Frame) -> Results:
    """The figures of the first readers; second readers measure agreement only."""
    first = [each for each in reviews if each.reader == 1]
    read = [each for each in first if each.is_read]
    upheld = [found for each in read for found in each.upheld]
    pairs = _pairs(reviews)
    overpayment = extrapolated(first, frame)
    return Results(
        read=len(read),
        unread=len(first) - len(read),
        accuracy=accuracy(read),
        by_coder=grouped(read, "coder"),
        by_provider=grouped(read, "provider"),
        by_specialty=grouped(read, "specialty"),
        by_payer=grouped(read, "payer"),
        by_month=grouped(read, "month"),
        findings=dict(sorted(Counter(found.kind for found in upheld).items())),
        root_causes=dict(sorted(Counter(found.root_cause for found in upheld).items())),
        overturned=sum(len(each.findings) - len(each.upheld) for each in read),
        kappa=st.kappa(pairs),
        agreement=st.proportion(sum(a == b for a, b in pairs), len(pairs)),
        extrapolation=None if isinstance(overpayment, str) else overpayment,
        notes=(overpayment,) if isinstance(overpayment, str) else (),
    )


def refund_due_on(identified_on: date) -> date:
    """Until when an overpayment is to be returned."""
    return identified_on + timedelta(days=REFUND_DAYS)


def _pairs(reviews: Sequence[Review]) -> list[tuple[bool, bool]]:
    """Whether each of two readers found the same coding right."""
    first = {(e.encounter_id, e.revision): e for e in reviews if e.reader == 1 and e.is_read}
    return [
        (not first[key].findings, not each.findings)
        for each in reviews
        if each.reader == 2
        and each.is_read
        and (key := (each.encounter_id, each.revision)) in first
    ]
