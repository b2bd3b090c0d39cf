"""Segments that many transaction sets share, each written and read side by side.

Writers return segments; `place` names the loop for a refusal. Readers take split segments and are
tolerant: what cannot be understood becomes a finding and its absence, never an exception.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from rcm_x12.builder import CODE, PLAIN, composite, needed, segment, text
from rcm_x12.findings import WriteRefused
from rcm_x12.scalars import (
    EPOCH,
    amount_text,
    cents,
    date_of,
    date_text,
    moment_of,
    quantity,
    quantity_text,
)
from rcm_x12.values import (
    Address,
    Adjustment,
    Contact,
    Name,
    OutpatientRemarks,
    Procedure,
    QualifiedDate,
    Reference,
)

Report = Callable[[str, str, int], None]
"""Takes code, plain sentence and element of something that cannot be read."""

_TRIPLETS_MAX = 6
_MODIFIERS_MAX = 4


def at(elements: Sequence[str], place: int) -> str:
    """An element, or nothing beyond the end."""
    return elements[place] if place < len(elements) else ""


def moment_at(elements: Sequence[str], place: int) -> datetime:
    """A day and the time behind it; the start of the day without one, EPOCH without a day."""
    try:
        return moment_of(at(elements, place), at(elements, place + 1) or "0000")
    except ValueError:
        return EPOCH


def cents_at(elements: Sequence[str], place: int, report: Report) -> int | None:
    value = at(elements, place)
    if not value:
        return None
    try:
        return cents(value)
    except ValueError as error:
        report("amount", str(error), place)
        return None


def quantity_at(elements: Sequence[str], place: int, report: Report) -> Decimal | None:
    value = at(elements, place)
    if not value:
        return None
    try:
        return quantity(value)
    except ValueError as error:
        report("quantity", str(error), place)
        return None


def date_at(elements: Sequence[str], place: int, report: Report) -> date | None:
    value = at(elements, place)
    if not value:
        return None
    try:
        return date_of(value)
    except ValueError as error:
        report("date", str(error), place)
        return None


def write_name(code: str, name: Name, place: str) -> str:
    """NM1."""
    return segment(
        "NM1",
        code,
        "1" if name.is_person else "2",
        text(name.last_name, f"{place} NM103", 60),
        text(name.first_name, f"{place} NM104", 35),
        text(name.middle_name, f"{place} NM105", 25),
        "",
        text(name.suffix, f"{place} NM107", 10),
        CODE[name.id_qualifier],
        text(name.id, f"{place} NM109", 80),
    )


def read_name(nm1: Sequence[str]) -> Name:
    return Name(
        at(nm1, 3), at(nm1, 4), at(nm1, 5), at(nm1, 7), at(nm1, 2) == "1", at(nm1, 8), at(nm1, 9)
    )


def write_address(address: Address, place: str) -> list[str]:
    """N3 and N4."""
    line, city, state, code = address.line_1, address.city, address.state, address.postal_code
    if (
        PLAIN(f"{line} {city} {state} {code}")
        and not (address.line_2 or address.country or address.country_subdivision or "-" in code)
        and (len(line) <= 55 and len(city) <= 30 and len(state) <= 2 and len(code) <= 15)
    ):
        return [f"N3*{line}", f"N4*{city}*{state}*{code}"]
    return [
        segment(
            "N3",
            needed(address.line_1, f"{place} N301", 55),
            text(address.line_2, f"{place} N302", 55),
        ),
        segment(
            "N4",
            needed(address.city, f"{place} N401", 30),
            text(address.state, f"{place} N402", 2),
            text(address.postal_code.replace("-", ""), f"{place} N403", 15),
            text(address.country, f"{place} N404", 3),
            "",
            "",
            text(address.country_subdivision, f"{place} N407", 3),
        ),
    ]


def read_address(n3: Sequence[str] | None, n4: Sequence[str] | None) -> Address | None:
    if n3 is None and n4 is None:
        return None
    street, town = n3 or (), n4 or ()
    return Address(
        at(street, 1),
        at(town, 1),
        at(town, 2),
        at(town, 3),
        at(street, 2),
        at(town, 4),
        at(town, 7),
    )


def write_contact(code: str, contact: Contact, place: str) -> str:
    """PER with at most three numbers."""
    given = contact.numbers or _numbers(contact)
    if not 0 < len(given) <= 3:
        raise WriteRefused(f"{place} PER", "it needs one to three numbers")
    pairs: list[str] = []
    for kind, value in given:
        pairs += (CODE[kind], text(value, f"{place} PER", 256))
    return segment("PER", code, text(contact.name, f"{place} PER02", 60), *pairs)


def _numbers(contact: Contact) -> tuple[tuple[str, str], ...]:
    numbers = (
        ("TE", "".join(char for char in contact.telephone if char.isdigit())),
        ("EX", contact.extension),
        ("EM", contact.email),
        ("FX", "".join(char for char in contact.fax if char.isdigit())),
        ("UR", contact.url),
    )
    return tuple(pair for pair in numbers if pair[1])


def read_contact(per: Sequence[str]) -> Contact:
    pairs = tuple((per[i], at(per, i + 1)) for i in (3, 5, 7) if at(per, i))
    numbers = dict(pairs)
    contact = Contact(
        at(per, 2),
        numbers.get("TE", ""),
        numbers.get("EX", ""),
        numbers.get("FX", ""),
        numbers.get("EM", ""),
        numbers.get("UR", ""),
    )
    return contact if _numbers(contact) == pairs else replace(contact, numbers=pairs)


def write_reference(qualifier: str, value: str, place: str, longest: int = 50) -> str:
    """REF."""
    return f"REF*{CODE[qualifier]}*{needed(value, place, longest)}"


def write_owned_reference(reference: Reference, place: str) -> str:
    """REF, with the payer whose number it is when it says one."""
    written = write_reference(reference.qualifier, reference.value, place)
    if not reference.payer_id:
        return written
    return f"{written}**2U:{text(reference.payer_id, f'{place} REF04', 50)}"


def write_references(references: Iterable[Reference], place: str) -> list[str]:
    return [write_reference(each.qualifier, each.value, place) for each in references]


def read_reference(ref: Sequence[str], component: str = "") -> Reference:
    """REF; with the component separator, REF04 as well."""
    owner = at(ref, 4).partition(component)[2] if component and at(ref, 4) else ""
    return Reference(at(ref, 1), at(ref, 2), owner)


def write_date(qualifier: str, on: date, until: date | None = None, time: str = "") -> str:
    """DTP, as a range when an end is given."""
    qualifier = CODE[qualifier]
    if until is not None:
        return f"DTP*{qualifier}*RD8*{date_text(on)}-{date_text(until)}"
    if time:
        return f"DTP*{qualifier}*DT*{date_text(on)}{CODE[time]}"
    return f"DTP*{qualifier}*D8*{date_text(on)}"


def read_date(dtp: Sequence[str], report: Report) -> QualifiedDate | None:
    value = at(dtp, 3)
    try:
        match at(dtp, 2):
            case "RD8":
                start, _, end = value.partition("-")
                return QualifiedDate(at(dtp, 1), date_of(start), date_of(end))
            case "DT":
                return QualifiedDate(at(dtp, 1), date_of(value[:8]), None, value[8:])
            case _:
                return QualifiedDate(at(dtp, 1), date_of(value))
    except ValueError as error:
        report("date", str(error), 3)
        return None


def write_procedure(procedure: Procedure, place: str) -> str:
    """The composite of SV101, SVD03 and SVC01."""
    if len(procedure.modifiers) > _MODIFIERS_MAX:
        raise WriteRefused(place, "a procedure has four modifiers at most")
    code = f"{CODE[procedure.qualifier]}:{CODE[procedure.code] or needed('', place)}"
    modifiers = procedure.modifiers
    if procedure.description:
        padded = [*modifiers, "", "", "", ""][:_MODIFIERS_MAX]
        return composite(code, *(CODE[one] for one in padded), text(procedure.description, place))
    return ":".join([code, *[CODE[one] for one in modifiers]]) if modifiers else code


def read_procedure(composite_text: str, component: str) -> Procedure:
    parts = composite_text.split(component)
    return Procedure(
        at(parts, 1), parts[0], tuple(part for part in parts[2:6] if part), at(parts, 6)
    )


def write_adjustments(adjustments: Sequence[Adjustment]) -> list[str]:
    """CAS: neighbours of one group share a segment, six triplets at most. Empty places are kept."""
    segments: list[str] = []
    index = 0
    while index < len(adjustments):
        group = adjustments[index].group_code
        elements = [CODE[group]]
        start = index
        while index < len(adjustments) and adjustments[index].group_code == group:
            if index - start == _TRIPLETS_MAX:
                break
            one = adjustments[index]
            count = "" if one.quantity is None else quantity_text(one.quantity)
            elements += [CODE[one.reason_code], amount_text(one.amount_cents), count]
            index += 1
        segments.append(segment("CAS", *elements))
    return segments


def read_adjustments(cas: Sequence[str], report: Report) -> list[Adjustment]:
    """The triplets of one CAS; an empty quantity keeps its place."""
    found = []
    for place in range(2, len(cas), 3):
        if not cas[place] and not at(cas, place + 1):
            continue
        amount = cents_at(cas, place + 1, report)
        count = quantity_at(cas, place + 2, report)
        found.append(Adjustment(at(cas, 1), cas[place], amount or 0, count))
    return found


def write_outpatient_remarks(remarks: OutpatientRemarks) -> str:
    """MOA."""

    def money(value: int | None) -> str:
        return "" if value is None else amount_text(value)

    rate = remarks.reimbursement_rate
    return segment(
        "MOA",
        "" if rate is None else quantity_text(rate),
        money(remarks.hcpcs_payable_cents),
        *[*map(CODE.__getitem__, remarks.remark_codes), "", "", "", "", ""][:5],
        money(remarks.esrd_payment_cents),
        money(remarks.professional_component_cents),
    )


def read_outpatient_remarks(moa: Sequence[str], report: Report) -> OutpatientRemarks:
    return OutpatientRemarks(
        tuple(code for code in moa[3:8] if code),
        quantity_at(moa, 1, report),
        cents_at(moa, 2, report),
        cents_at(moa, 8, report),
        cents_at(moa, 9, report),
    )
