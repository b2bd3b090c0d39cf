"""Loop 2300 and what hangs under it, but for the lines."""

import re
from collections.abc import Iterator

from rcm_x12.builder import CODE, composite, needed, segment, text
from rcm_x12.claim_837p.order import (
    CLAIM_DATES,
    CLAIM_REFERENCES,
    OTHER_PAYER_REFERENCES,
)
from rcm_x12.claim_837p.values import (
    Claim,
    Diagnosis,
    OtherCoverage,
)
from rcm_x12.claim_837p.writer_lines import line_segments
from rcm_x12.claim_837p.writer_parties import person_name, provider_loop
from rcm_x12.claim_837p.writer_parts import (
    attachments,
    conditions,
    dates,
    locations,
    references,
    transport,
)
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import (
    write_address,
    write_adjustments,
    write_date,
    write_outpatient_remarks,
    write_reference,
)
from rcm_x12.scalars import amount_text
from rcm_x12.values import Reference

LINES_MAX = 50
DIAGNOSES_MAX = 12
CONTROL_NUMBER_MAX = 20
_NOT_USED = ("",) * 7
_CODE = re.compile(r"[A-Z0-9]{3,7}", re.ASCII)


def claim_segments(claim: Claim) -> list[str]:  # noqa: C901 - one if per optional segment
    """One claim in guide order."""
    _refuse_impossible(claim)
    out = [_clm(claim)]
    if claim.dates:
        out += dates(claim.dates, CLAIM_DATES)
    if claim.attachments:
        out += attachments(claim.attachments)
    if claim.patient_paid_cents:
        out.append(f"AMT*F5*{amount_text(claim.patient_paid_cents)}")
    out += _claim_references(claim)
    if claim.note is not None:
        out.append(segment("NTE", CODE[claim.note.code], needed(claim.note.text, "2300 NTE02", 80)))
    if claim.transport is not None:
        out.append(transport(claim.transport))
    if claim.conditions:
        out += conditions(claim.conditions)
    out.append(_diagnoses(claim.diagnoses))
    if claim.anesthesia_procedures:
        first, *other = claim.anesthesia_procedures
        out.append(segment("HI", f"BP:{CODE[first]}", *(f"BO:{CODE[code]}" for code in other)))
    if claim.condition_codes:
        out.append(segment("HI", *(f"BG:{CODE[code]}" for code in claim.condition_codes)))
    out += _claim_providers(claim)
    for coverage in claim.other_coverages:
        out += _other_coverage(coverage)
    for number, line in enumerate(claim.lines, 1):
        out += line_segments(number, line)
    return out


def _refuse_impossible(claim: Claim) -> None:
    """What no reader could take back; the rest is for the edits and the check."""
    place = "2300 CLM"
    if not 0 < len(claim.lines) <= LINES_MAX:
        raise WriteRefused(place, f"a claim has 1 to {LINES_MAX} lines")
    if claim.charge_cents != sum(line.charge_cents for line in claim.lines):
        raise WriteRefused("2300 CLM02", "the charge is not the sum of the lines")
    if claim.frequency_code in {"7", "8"} and not claim.original_claim_number:
        raise WriteRefused("2300 REF*F8", "frequency 7 and 8 need the payer's claim number")
    count = len(claim.diagnoses)
    for line in claim.lines:
        pointers = line.diagnosis_pointers
        if not 0 < len(pointers) <= 4 or len(set(pointers)) < len(pointers):
            raise WriteRefused("2400 SV107", "a line has one to four different pointers")
        if min(pointers) < 1 or max(pointers) > count:
            raise WriteRefused("2400 SV107", "a pointer names no diagnosis of the claim")


def _clm(claim: Claim) -> str:
    causes = ""
    if claim.related_causes:
        codes = [*(CODE[cause] for cause in claim.related_causes), "", ""][:2]
        causes = composite(*codes, "", CODE[claim.accident_state], CODE[claim.accident_country])
    return segment(
        "CLM",
        needed(claim.control_number, "2300 CLM01", CONTROL_NUMBER_MAX),
        amount_text(claim.charge_cents),
        "",
        "",
        f"{CODE[claim.place_of_service_code]}:B:{CODE[claim.frequency_code]}",
        "Y" if claim.provider_signature_on_file else "N",
        CODE[claim.assignment_code],
        CODE[claim.benefits_assigned],
        CODE[claim.release_code],
        CODE[claim.patient_signature_source],
        causes,
        CODE[claim.special_program_code],
        *_NOT_USED,
        CODE[claim.delay_reason_code],
    )


def _claim_references(claim: Claim) -> list[str]:
    given = [Reference(code, value) for code, value in _numbers(claim) if value]
    if claim.references or len(given) > 1:
        given = [*claim.references, *given]
        return references(given, CLAIM_REFERENCES, "2300")
    return [write_reference(one.qualifier, one.value, "2300") for one in given]


def _numbers(claim: Claim) -> tuple[tuple[str, str], ...]:
    return (
        ("9F", claim.referral_number),
        ("G1", claim.prior_authorization_number),
        ("F8", claim.original_claim_number),
        ("X4", claim.clia_number),
        ("D9", claim.clearinghouse_trace_number),
        ("EA", claim.medical_record_number),
    )


def _diagnoses(diagnoses: tuple[Diagnosis, ...]) -> str:
    if not 0 < len(diagnoses) <= DIAGNOSES_MAX:
        raise WriteRefused("2300 HI", f"a claim has 1 to {DIAGNOSES_MAX} diagnoses")
    for index, diagnosis in enumerate(diagnoses):
        if (diagnosis.code_type == "ABK") != (index == 0):
            raise WriteRefused("2300 HI", "the first diagnosis, and only it, is principal (ABK)")
        if not _CODE.fullmatch(diagnosis.code):
            raise WriteRefused("2300 HI", "a diagnosis is not a code without a dot")
    return segment("HI", *(f"{CODE[each.code_type]}:{each.code}" for each in diagnoses))


def _claim_providers(claim: Claim) -> list[str]:
    out: list[str] = []
    for code, provider, loop in (
        ("DN", claim.referring_provider, "2310A"),
        ("P3", claim.primary_care_provider, "2310A"),
        ("82", claim.rendering_provider, "2310B"),
        ("77", claim.service_facility, "2310C"),
        ("DQ", claim.supervising_provider, "2310D"),
    ):
        if provider is not None:
            out += provider_loop(code, provider, loop)
    if claim.pick_up or claim.drop_off:
        out += locations(claim.pick_up, claim.drop_off, "2310E", "2310F")
    return out


def _other_coverage(other: OtherCoverage) -> Iterator[str]:
    """2320, 2330A and 2330B."""
    yield segment(
        "SBR",
        CODE[other.rank],
        CODE[other.relationship_code],
        text(other.group_number, "2320 SBR03", 50),
        "" if other.group_number else text(other.group_name, "2320 SBR04", 60),
        CODE[other.insurance_type_code],
        "",
        "",
        "",
        CODE[other.filing_code],
    )
    yield from write_adjustments(other.adjustments)
    for qualifier, value in (
        ("D", other.paid_cents),
        ("A8", other.non_covered_cents),
        ("EAF", other.remaining_liability_cents),
    ):
        if value is not None:
            yield f"AMT*{qualifier}*{amount_text(value)}"
    assigned, source = CODE[other.benefits_assigned], CODE[other.patient_signature_source]
    yield segment("OI", "", "", assigned, source, "", CODE[other.release_code])
    if other.remarks is not None:
        yield write_outpatient_remarks(other.remarks)
    yield person_name("IL", other.person, "2330A", member_id=other.member_id)
    if other.person.address is not None:
        yield from write_address(other.person.address, "2330A")
    payer = other.payer
    name, number = needed(payer.name, "2330B NM103", 60), needed(payer.id, "2330B NM109")
    yield segment("NM1", "PR", "2", name, "", "", "", "", CODE[payer.id_qualifier], number)
    if payer.address is not None:
        yield from write_address(payer.address, "2330B")
    if other.adjudicated_on is not None:
        yield write_date("573", other.adjudicated_on)
    yield from references(payer.references, OTHER_PAYER_REFERENCES, "2330B")
