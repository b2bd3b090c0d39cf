"""Segments and loops that stand under a claim and under a line alike, of either guide."""

from collections.abc import Iterable, Iterator

from rcm_x12.builder import CODE, needed, segment, text
from rcm_x12.claim.order import Ranks, entities, order, ranked
from rcm_x12.claim.values import (
    Attachment,
    Condition,
    Drug,
    LineAdjudication,
    Location,
    OtherCoverage,
)
from rcm_x12.claim.write_parties import payer_name, person_name
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import (
    write_address,
    write_adjustments,
    write_date,
    write_outpatient_remarks,
    write_owned_reference,
    write_procedure,
    write_reference,
)
from rcm_x12.scalars import amount_text, date_text, quantity_text
from rcm_x12.values import Note, QualifiedDate, Reference

_NDC = 11


def locations(pick_up: Location | None, drop_off: Location | None, *loops: str) -> Iterator[str]:
    if pick_up is not None:
        yield "NM1*PW*2"
        yield from write_address(pick_up.address, loops[0])
    if drop_off is not None:
        yield segment("NM1", "45", "2", text(drop_off.name, f"{loops[1]} NM103", 60))
        yield from write_address(drop_off.address, loops[1])


def dates(given: Iterable[QualifiedDate], ranks: Ranks) -> list[str]:
    return [
        write_date(each.qualifier, each.on, each.until, each.time)
        for each in ranked(given, ranks, lambda one: one.qualifier)
    ]


def references(given: Iterable[Reference], ranks: Ranks, loop: str) -> list[str]:
    return [
        write_owned_reference(each, loop)
        for each in ranked(given, ranks, lambda one: one.qualifier)
    ]


def attachments(given: Iterable[Attachment]) -> Iterator[str]:
    for each in given:
        number = text(each.control_number, "PWK06", 50)
        qualifier = "AC" if number else ""
        yield segment(
            "PWK", CODE[each.report_type], CODE[each.transmission], "", "", qualifier, number
        )


def conditions(given: Iterable[Condition]) -> Iterator[str]:
    for each in given:
        codes = (CODE[code] for code in each.codes)
        yield segment("CRC", CODE[each.category], "Y" if each.applies else "N", *codes)


def fixed_formats(given: Iterable[str], loop: str) -> list[str]:
    return [f"K3*{needed(each, f'{loop} K301')}" for each in given]


def notes(given: Iterable[Note], loop: str) -> list[str]:
    return [segment("NTE", CODE[each.code], needed(each.text, f"{loop} NTE02")) for each in given]


def drug(one: Drug) -> Iterator[str]:
    """2410."""
    number = needed(one.ndc, "2410 LIN03", _NDC if one.qualifier == "N4" else 48)
    yield f"LIN**{CODE[one.qualifier]}*{number}"
    yield segment("CTP", "", "", "", quantity_text(one.quantity), CODE[one.unit])
    if one.prescription is not None:
        yield write_reference(one.prescription.qualifier, one.prescription.value, "2410")


def coverage(other: OtherCoverage, version: str) -> Iterator[str]:
    """2320 and 2330."""
    yield segment(
        "SBR",
        CODE[other.rank],
        CODE[other.relationship_code],
        text(other.group_number, "2320 SBR03", 50),
        text(other.group_name, "2320 SBR04", 60),
        CODE[other.insurance_type_code],
        "",
        "",
        "",
        CODE[other.filing_code],
    )
    yield from write_adjustments(other.adjustments)
    sums = (
        ("D", other.paid_cents),
        ("A8", other.non_covered_cents),
        ("EAF", other.remaining_liability_cents),
    )
    for qualifier, value in ranked(sums, order(version, "2320", "AMT"), lambda one: one[0]):
        if value is not None:
            yield f"AMT*{qualifier}*{amount_text(value)}"
    assigned, source = CODE[other.benefits_assigned], CODE[other.patient_signature_source]
    yield segment("OI", "", "", assigned, source, "", CODE[other.release_code])
    if other.inpatient_remarks is not None:
        elements = (text(one, "2320 MIA", 50) for one in other.inpatient_remarks.elements)
        yield segment("MIA", *elements)
    if other.remarks is not None:
        yield write_outpatient_remarks(other.remarks)
    yield from _other_parties(other, version)


def _other_parties(other: OtherCoverage, version: str) -> Iterator[str]:
    """2330A and following."""
    yield person_name(
        "IL",
        other.person,
        "2330A",
        member_id=other.member_id,
        id_qualifier=other.member_id_qualifier,
    )
    if other.person.address is not None:
        yield from write_address(other.person.address, "2330A")
    for reference in other.references:
        yield write_owned_reference(reference, "2330A")
    yield from payer_name("PR", other.payer, "2330B")
    if other.adjudicated_on is not None:
        yield write_date("573", other.adjudicated_on)
    yield from references(other.payer.references, order(version, "2330B", "REF"), "2330B")
    loops = entities(version, "2320")
    ranks = {code: rank for rank, code in enumerate(loops)}
    for provider in ranked(other.providers, ranks, lambda one: one.entity_code):
        loop = loops.get(provider.entity_code, "2330")
        if loop <= "2330B" or not provider.references:
            raise WriteRefused(f"{loop} NM101", "another payer knows no such provider")
        yield f"NM1*{CODE[provider.entity_code]}*{'1' if provider.is_person else '2'}"
        for reference in provider.references:
            yield write_owned_reference(reference, loop)


def adjudication(other: LineAdjudication) -> Iterator[str]:
    """2430."""
    procedure = other.procedure
    yield segment(
        "SVD",
        needed(other.payer_id, "2430 SVD01"),
        amount_text(other.paid_cents),
        write_procedure(procedure, "2430 SVD03") if procedure else "",
        CODE[other.revenue_code],
        quantity_text(other.quantity),
        "" if other.bundled_line is None else str(other.bundled_line),
    )
    yield from write_adjustments(other.adjustments)
    if other.adjudicated_on is not None:
        yield f"DTP*573*D8*{date_text(other.adjudicated_on)}"
    if other.remaining_liability_cents is not None:
        yield f"AMT*EAF*{amount_text(other.remaining_liability_cents)}"
