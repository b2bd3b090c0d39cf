"""L: replacements and voids."""

from collections.abc import Iterator

from claims_svc.domain.edits.registry import Flaw, Subject, edit

DECIDED = frozenset({"adjudicated", "closed"})


@edit("L001")
def original_was_decided(subject: Subject) -> Iterator[Flaw]:
    """CLM05-3 7 and 8 change a claim that the payer has adjudicated; anything earlier waits."""
    if subject.claim.frequency_code == "1":
        return
    if subject.original is None or subject.original.status not in DECIDED:
        yield Flaw("the payer has not decided on the original claim yet", "/replaces")


@edit("L002")
def original_has_a_payer_number(subject: Subject) -> Iterator[Flaw]:
    """REF*F8: frequency 7 and 8 name the payer's number of the original claim (RFI 1538)."""
    if subject.claim.frequency_code == "1":
        return
    if subject.original is None or subject.original.payer_claim_number is None:
        yield Flaw("the payer's number of the original claim is not known", "/replaces")
