"""T: dates and timely filing."""

from collections.abc import Iterator

from claims_svc.domain import filing
from claims_svc.domain.edits.registry import Flaw, Subject, edit


@edit("T001")
def nothing_lies_in_the_future(subject: Subject) -> Iterator[Flaw]:
    """DTP*472: a service is billed after it was given."""
    if subject.claim.content.date_of_service > subject.today:
        yield Flaw("the date of service lies in the future", "/date_of_service")
    for number, line in subject.lines:
        if line.date_of_service > subject.today:
            place = f"/lines/{number - 1}/date_of_service"
            yield Flaw("the date of service lies in the future", place, number)


@edit("T002")
def lines_end_after_they_begin(subject: Subject) -> Iterator[Flaw]:
    """DTP*472 RD8: a span ends on or after its first day."""
    for number, line in subject.lines:
        if line.end_date_of_service is not None and line.end_date_of_service < line.date_of_service:
            place = f"/lines/{number - 1}/end_date_of_service"
            yield Flaw("ends before it begins", place, number)


@edit("T003")
def patient_was_born(subject: Subject) -> Iterator[Flaw]:
    """2010BA DMG02: nobody is treated before birth."""
    persons = subject.claim.persons
    born = persons.patient.birth_date if persons else None
    if born is not None and born > subject.claim.content.date_of_service:
        yield Flaw("the date of service lies before the patient's birth", "/date_of_service")


@edit("T101")
def payer_still_takes_it(subject: Subject) -> Iterator[Flaw]:
    """A claim past the payer's filing limit needs a delay reason (CLM20). A void never does: it
    gives money back, for which payers set a limit of their own."""
    if not _gives_back(subject) and filing.is_over(subject.claim.filing_deadline, subject.today):
        yield Flaw("the payer's filing limit is over", "/date_of_service")


@edit("T102", "warning")
def filing_limit_is_near(subject: Subject) -> Iterator[Flaw]:
    """The payer's filing limit is over within thirty days."""
    if not _gives_back(subject) and filing.is_near(subject.claim.filing_deadline, subject.today):
        yield Flaw("the payer's filing limit is near", "/date_of_service")


def _gives_back(subject: Subject) -> bool:
    return subject.claim.frequency_code == "8"
