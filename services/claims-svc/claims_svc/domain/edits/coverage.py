"""C: coverages and their members."""

from collections.abc import Iterator

from claims_svc.domain.claim import RANKS
from claims_svc.domain.edits.registry import Flaw, Subject, edit
from rcm.contracts.values import Member


def _members(subject: Subject) -> dict[str, Member]:
    persons = subject.claim.persons
    return {member.rank: member for member in persons.members} if persons else {}


@edit("C001")
def someone_insures(subject: Subject) -> Iterator[Flaw]:
    """A claim goes to a payer: without coverage the patient is billed directly."""
    if not subject.claim.content.coverages:
        yield Flaw("the patient has no coverage", "/coverages")


@edit("C002")
def ranks_are_in_order(subject: Subject) -> Iterator[Flaw]:
    """2000B SBR01: primary, secondary, tertiary, without a gap or a repeat."""
    ranks = tuple(coverage.rank for coverage in subject.claim.content.coverages)
    if ranks != RANKS[: len(ranks)]:
        yield Flaw("coverages are primary, secondary, tertiary in this order", "/coverages")


@edit("C003")
def coverages_have_members(subject: Subject) -> Iterator[Flaw]:
    """2010BA NM109: every coverage names its member."""
    members = _members(subject)
    for position, coverage in enumerate(subject.claim.content.coverages):
        if coverage.rank not in members:
            yield Flaw("the member id is missing", f"/coverages/{position}/member_id")


@edit("C004")
def subscribers_are_known(subject: Subject) -> Iterator[Flaw]:
    """2010BA: when the patient is not the member, the member is named."""
    members = _members(subject)
    for position, coverage in enumerate(subject.claim.content.coverages):
        member = members.get(coverage.rank)
        if coverage.relationship != "self" and member is not None and member.subscriber is None:
            yield Flaw("the member's person is missing", f"/coverages/{position}/subscriber")


@edit("C005")
def patient_released_information(subject: Subject) -> Iterator[Flaw]:
    """CLM09: without the patient's release nothing is sent to a payer."""
    if not subject.claim.content.patient_authorized_release:
        yield Flaw("the patient has not authorized the release", "/patient_authorized_release")
