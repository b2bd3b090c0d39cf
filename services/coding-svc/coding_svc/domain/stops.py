"""Hard stops: what keeps an encounter's codes from leaving. One function per rule, registered under
its stable code; all of them run, so a coder sees every reason at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from coding_svc.domain.encounter import Coding
from rcm.contracts.values import Finding, Provider
from rcm.npi import npi_is_valid

ICD_10_CM = re.compile(r"[A-Z](?:[0-9][0-9A-Z]|A[0-9])[0-9A-Z]{0,4}")
PROCEDURE = re.compile(r"[0-9A-Z]{5}")
MODIFIER = re.compile(r"[0-9A-Z]{2}")
PLACE_OF_SERVICE = re.compile(r"[0-9]{2}")
REVENUE = re.compile(r"[0-9]{4}")
# The 837P takes twelve diagnoses and fifty lines a claim, four pointers and modifiers a line; the
# 837I takes more of the first two.
DIAGNOSES_MAX, LINES_MAX, POINTERS_MAX, MODIFIERS_MAX = 12, 50, 4, 4
BILL_DIAGNOSES_MAX, BILL_LINES_MAX = 25, 999


@dataclass(frozen=True, slots=True)
class Stop:
    """One reason, with the JSON pointer of its place. Never quotes what was entered."""

    message: str
    location: str
    line_number: int | None = None


Rule = Callable[[Coding, date], Iterator[Stop]]
_rules: dict[str, Rule] = {}


def stop(code: str) -> Callable[[Rule], Rule]:
    """Register a rule under its code. Two rules with one code fail at import."""

    def register(rule: Rule) -> Rule:
        if code in _rules:
            raise TypeError(f"{code}: two hard stops have this code")
        _rules[code] = rule
        return rule

    return register


def stops() -> Mapping[str, Rule]:
    """Every rule by its code."""
    return MappingProxyType(_rules)


def check(coding: Coding, *, today: date) -> tuple[Finding, ...]:
    """Everything that keeps this coding from leaving; empty when nothing does."""
    return tuple(
        Finding(
            code=code,
            message=found.message,
            line_number=found.line_number,
            location=found.location,
        )
        for code, rule in _rules.items()
        for found in rule(coding, today)
    )


def _providers(coding: Coding) -> Iterator[tuple[str, Provider]]:
    roles = ("billing_provider", "rendering_provider", "service_facility")
    for role in roles:
        provider = getattr(coding, role)
        if provider is not None:
            yield role, provider
    if coding.institutional is not None:
        for role in ("attending_provider", "operating_physician", "referring_provider"):
            provider = getattr(coding.institutional, role)
            if provider is not None:
                yield f"institutional/{role}", provider


@stop("C101")
def has_diagnoses(coding: Coding, today: date) -> Iterator[Stop]:
    """A claim names at least one diagnosis, and at most twelve (837P 2300 HI) or twenty-five
    (837I)."""
    del today
    most = DIAGNOSES_MAX if coding.institutional is None else BILL_DIAGNOSES_MAX
    if not coding.diagnoses:
        yield Stop("at least one diagnosis is needed", "/diagnoses")
    if len(coding.diagnoses) > most:
        yield Stop(f"more than {most} diagnoses do not fit a claim", "/diagnoses")


@stop("C102")
def has_lines(coding: Coding, today: date) -> Iterator[Stop]:
    """A claim bills at least one service, and at most fifty (837P 2400) or 999 (837I)."""
    del today
    most = LINES_MAX if coding.institutional is None else BILL_LINES_MAX
    if not coding.lines:
        yield Stop("at least one service line is needed", "/lines")
    if len(coding.lines) > most:
        yield Stop(f"more than {most} service lines do not fit a claim", "/lines")


@stop("C103")
def diagnoses_have_shape(coding: Coding, today: date) -> Iterator[Stop]:
    """ICD-10-CM: a letter, a digit (since April 2026 also an A before one: QA0), then letters or
    digits, three to seven in all."""
    del today
    for position, diagnosis in enumerate(coding.diagnoses):
        if not ICD_10_CM.fullmatch(diagnosis.code):
            yield Stop("is not shaped like an ICD-10-CM code", f"/diagnoses/{position}/code")


@stop("C104")
def one_principal_diagnosis(coding: Coding, today: date) -> Iterator[Stop]:
    """The first diagnosis, and only the first, is the principal one (ABK)."""
    del today
    for position, diagnosis in enumerate(coding.diagnoses):
        if (diagnosis.code_type == "ABK") != (position == 0):
            yield Stop(
                "the first diagnosis is ABK, every other one ABF",
                f"/diagnoses/{position}/code_type",
            )


@stop("C105")
def diagnoses_are_distinct(coding: Coding, today: date) -> Iterator[Stop]:
    """The same diagnosis is given once."""
    del today
    seen: set[str] = set()
    for position, diagnosis in enumerate(coding.diagnoses):
        if diagnosis.code in seen:
            yield Stop("is given twice", f"/diagnoses/{position}/code")
        seen.add(diagnosis.code)


@stop("C106")
def procedures_have_shape(coding: Coding, today: date) -> Iterator[Stop]:
    """CPT and HCPCS codes have five characters, modifiers two, at most four of them. A line of an
    institutional bill may go without a code."""
    del today
    for number, line in enumerate(coding.lines, 1):
        place = f"/lines/{number - 1}"
        is_needed = coding.institutional is None or line.procedure_code
        if is_needed and not PROCEDURE.fullmatch(line.procedure_code):
            yield Stop("is not shaped like a procedure code", f"{place}/procedure_code", number)
        if len(line.modifiers) > MODIFIERS_MAX or not all(map(MODIFIER.fullmatch, line.modifiers)):
            yield Stop("up to four modifiers of two characters", f"{place}/modifiers", number)


@stop("C107")
def pointers_are_in_range(coding: Coding, today: date) -> Iterator[Stop]:
    """A professional line points at one to four of the diagnoses (SV107)."""
    del today
    if coding.institutional is not None:
        return
    for number, line in enumerate(coding.lines, 1):
        place = f"/lines/{number - 1}/diagnosis_pointers"
        if not 1 <= len(line.diagnosis_pointers) <= POINTERS_MAX:
            yield Stop("one to four diagnosis pointers are needed", place, number)
        if len(set(line.diagnosis_pointers)) != len(line.diagnosis_pointers):
            yield Stop("points at one diagnosis twice", place, number)
        for position, pointer in enumerate(line.diagnosis_pointers):
            if not 0 <= pointer < len(coding.diagnoses):
                yield Stop("points at no diagnosis", f"{place}/{position}", number)


@stop("C108")
def dates_are_possible(coding: Coding, today: date) -> Iterator[Stop]:
    """Nothing is billed before it happened, and nothing ends before it began."""
    spans: list[tuple[str, int | None, date, date | None]] = [
        ("", None, coding.date_of_service, coding.end_date_of_service)
    ]
    spans += [
        (f"/lines/{number - 1}", number, line.date_of_service, line.end_date_of_service)
        for number, line in enumerate(coding.lines, 1)
    ]
    for place, number, first, last in spans:
        if first > today:
            yield Stop("lies in the future", f"{place}/date_of_service", number)
        if last is not None and last > today:
            yield Stop("lies in the future", f"{place}/end_date_of_service", number)
        if last is not None and last < first:
            yield Stop("lies before the first day", f"{place}/end_date_of_service", number)


@stop("C109")
def lines_lie_within_the_visit(coding: Coding, today: date) -> Iterator[Stop]:
    """A line's dates lie within the encounter's."""
    del today
    last = coding.end_date_of_service or coding.date_of_service
    for number, line in enumerate(coding.lines, 1):
        if not coding.date_of_service <= line.date_of_service <= last:
            place = f"/lines/{number - 1}/date_of_service"
            yield Stop("lies outside the encounter's dates", place, number)


@stop("C110")
def providers_have_valid_npis(coding: Coding, today: date) -> Iterator[Stop]:
    """Every NPI passes its check digit."""
    del today
    for role, provider in _providers(coding):
        if not npi_is_valid(provider.npi):
            yield Stop("the NPI's check digit is wrong", f"/{role}/npi")


@stop("C111")
def places_have_shape(coding: Coding, today: date) -> Iterator[Stop]:
    """A place of service has two digits; an institutional bill has its type instead."""
    del today
    places: list[tuple[str, int | None, str]] = []
    if coding.institutional is None:
        places.append(("", None, coding.place_of_service_code))
    places += [
        (f"/lines/{number - 1}", number, line.place_of_service_code or "11")
        for number, line in enumerate(coding.lines, 1)
    ]
    for place, number, code in places:
        if not PLACE_OF_SERVICE.fullmatch(code):
            yield Stop("two digits are needed", f"{place}/place_of_service_code", number)


@stop("C112")
def coverage_ranks_are_in_order(coding: Coding, today: date) -> Iterator[Stop]:
    """Coverages are primary, then secondary, then tertiary, without a gap or a repeat."""
    del today
    expected = ("primary", "secondary", "tertiary")[: len(coding.coverages)]
    if tuple(coverage.rank for coverage in coding.coverages) != expected:
        yield Stop("primary, secondary, tertiary in this order, each once", "/coverages")


@stop("C113")
def quantities_are_whole_units(coding: Coding, today: date) -> Iterator[Stop]:
    """Minutes are whole; units have at most three decimals (SV104)."""
    del today
    for number, line in enumerate(coding.lines, 1):
        place = f"/lines/{number - 1}/quantity"
        if line.quantity <= 0:
            yield Stop("must be more than zero", place, number)
        if line.units == "MJ" and line.quantity != line.quantity.to_integral_value():
            yield Stop("minutes are whole numbers", place, number)


@stop("C114")
def lines_are_of_the_claims_kind(coding: Coding, today: date) -> Iterator[Stop]:
    """Every line of an institutional bill has a revenue code (SV201) and counts units or days, no
    line of a professional claim does."""
    del today
    for number, line in enumerate(coding.lines, 1):
        place = f"/lines/{number - 1}"
        if coding.institutional is None:
            if line.revenue_code:
                yield Stop("only an institutional line has one", f"{place}/revenue_code", number)
            if line.units == "DA":
                yield Stop("only an institutional line counts days", f"{place}/units", number)
            continue
        if not REVENUE.fullmatch(line.revenue_code):
            yield Stop("four digits are needed", f"{place}/revenue_code", number)
        if line.units == "MJ":
            yield Stop("an institutional line counts units or days", f"{place}/units", number)
