"""L: replacements and voids."""

from collections.abc import Iterator

from claims_svc.domain.claim import RANKS
from claims_svc.domain.edits.registry import Flaw, Subject, edit
from claims_svc.domain.voiding import original_of

DECIDED = frozenset({"adjudicated", "closed"})


@edit("L001")
def original_was_decided(subject: Subject) -> Iterator[Flaw]:
    """CLM05-3 7 and 8 change a claim that the payer has adjudicated; anything earlier waits."""
    if _is_an_original(subject):
        return
    if not _is_decided(subject):
        yield Flaw("the payer has not decided on the original claim yet", "/replaces")


@edit("L002")
def original_has_a_payer_number(subject: Subject) -> Iterator[Flaw]:
    """REF*F8: frequency 7 and 8 name the payer's number of the original claim (RFI 1538)."""
    if _is_an_original(subject):
        return
    original = subject.original
    if original is None or original_of(subject.claim, original, subject.decided) is None:
        yield Flaw("the payer's number of the original claim is not known", "/replaces")


def _is_decided(subject: Subject) -> bool:
    """By the payer that the claim goes to: a void claim may go to a later one."""
    original, rank = subject.original, subject.claim.billed_rank
    if rank != RANKS[0]:
        return bool(subject.decided.by(rank))
    return original is not None and (original.status in DECIDED or original.is_passed_on)


def _is_an_original(subject: Subject) -> bool:
    """Frequency 1, or a claim for a later payer: whether that one knows it, its decisions say."""
    return subject.claim.frequency_code == "1" or subject.claim.is_passed_on
