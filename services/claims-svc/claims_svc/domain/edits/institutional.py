"""I: what the type of an institutional bill asks for."""

from collections.abc import Iterator

from claims_svc.domain.edits.registry import Flaw, Subject, edit
from rcm.contracts.values import Institutional, InstitutionalLine

# The last bill of a stay: admit through discharge, or the last of several.
_FINAL_BILLS = frozenset({"1", "4"})
_STILL_A_PATIENT = "30"
# Outpatient bills that tell why the patient came when nobody had planned the visit: hospital and
# critical access hospital, admission types emergency, urgent and trauma.
_VISIT_BILLS = frozenset({"13", "85"})
_UNPLANNED = frozenset({"1", "2", "5"})
_TOTAL = "0001"


def _stay(subject: Subject) -> Institutional | None:
    """The bill, if it is an inpatient one."""
    bill = subject.claim.content.institutional
    return bill if bill is not None and bill.is_inpatient else None


@edit("I001")
def stay_has_an_admission(subject: Subject) -> Iterator[Flaw]:
    """DTP*435: an inpatient bill says when the patient came."""
    bill = _stay(subject)
    if bill is not None and bill.admission_date is None:
        yield Flaw("the day of admission is missing", "/institutional/admission_date")


@edit("I002")
def stay_has_an_end(subject: Subject) -> Iterator[Flaw]:
    """DTP*096: the last bill of a stay has the hour of discharge."""
    bill = _stay(subject)
    if bill is None or bill.discharge_time is not None:
        return
    is_last = bill.type_of_bill[-1] in _FINAL_BILLS
    if is_last and bill.patient_status_code != _STILL_A_PATIENT:
        yield Flaw("the hour of discharge is missing", "/institutional/discharge_time")


@edit("I003")
def stay_has_an_admitting_diagnosis(subject: Subject) -> Iterator[Flaw]:
    """HI*ABJ: an inpatient bill says with what the patient was admitted."""
    bill = _stay(subject)
    if bill is not None and bill.admitting_diagnosis_code is None:
        place = "/institutional/admitting_diagnosis_code"
        yield Flaw("the admitting diagnosis is missing", place)


@edit("I004")
def unplanned_visit_has_a_reason(subject: Subject) -> Iterator[Flaw]:
    """HI*APR: an unplanned outpatient visit says why the patient came."""
    bill = subject.claim.content.institutional
    if bill is None or bill.facility_code not in _VISIT_BILLS or bill.reason_for_visit_codes:
        return
    if bill.admission_type_code in _UNPLANNED:
        place = "/institutional/reason_for_visit_codes"
        yield Flaw("the patient's reason for the visit is missing", place)


@edit("I005", "warning")
def someone_attended(subject: Subject) -> Iterator[Flaw]:
    """2310A: nearly every bill names the attending provider."""
    bill = subject.claim.content.institutional
    if bill is not None and bill.attending_provider is None:
        yield Flaw("the attending provider is missing", "/institutional/attending_provider")


@edit("I006")
def statement_ends_after_it_begins(subject: Subject) -> Iterator[Flaw]:
    """DTP*434: a statement covers its lines, and ends on or after its first day."""
    content = subject.claim.content
    if content.institutional is None:
        return
    last = content.end_date_of_service or content.date_of_service
    if last < content.date_of_service:
        yield Flaw("ends before it begins", "/end_date_of_service")
    for number, line in subject.lines:
        if not content.date_of_service <= line.date_of_service <= last:
            place = f"/lines/{number - 1}/date_of_service"
            yield Flaw("lies outside of the statement", place, number)


@edit("I007")
def total_is_no_line(subject: Subject) -> Iterator[Flaw]:
    """SV201: revenue code 0001 is the total of a paper form."""
    for number, line in subject.lines:
        if isinstance(line, InstitutionalLine) and line.revenue_code == _TOTAL:
            place = f"/lines/{number - 1}/revenue_code"
            yield Flaw("is the total of a paper form, not a service", place, number)


@edit("I008", "warning")
def hospital_tells_what_was_there(subject: Subject) -> Iterator[Flaw]:
    """HI*ABK-9: a hospital stay tells of each diagnosis whether it was there on admission."""
    bill = subject.claim.content.institutional
    if bill is None or bill.facility_code != "11":
        return
    for position, diagnosis in enumerate(subject.claim.content.diagnoses):
        if diagnosis.present_on_admission_indicator is None:
            place = f"/diagnoses/{position}/present_on_admission_indicator"
            yield Flaw("does not say whether it was present on admission", place)
