"""Loop 2300 and what hangs under it, but for the lines."""

import re
from typing import Final

from rcm_x12.builder import CODE, composite, needed, segment
from rcm_x12.claim.order import order
from rcm_x12.claim.segments import CN1, CR1, HCP
from rcm_x12.claim.values import Diagnosis
from rcm_x12.claim.write_parties import provider_loop
from rcm_x12.claim.write_parts import (
    attachments,
    conditions,
    coverage,
    dates,
    fixed_formats,
    locations,
    references,
)
from rcm_x12.claim_837p.segments import CR2
from rcm_x12.claim_837p.values import Claim
from rcm_x12.claim_837p.writer_lines import line_segments
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import write_reference
from rcm_x12.scalars import amount_text
from rcm_x12.values import Reference

VERSION: Final = "005010X222A1"
LINES_MAX = 50
CODES_MAX = 12
"""Of one HI."""
CONTROL_NUMBER_MAX = 20
_NOT_USED = ("",) * 7
_CODE = re.compile(r"[A-Z0-9]{3,7}", re.ASCII)


def claim_segments(claim: Claim) -> list[str]:  # noqa: C901 - one if per optional segment
    """One claim in guide order."""
    _refuse_impossible(claim)
    out = [_clm(claim)]
    if claim.dates:
        out += dates(claim.dates, order(VERSION, "2300", "DTP"))
    if claim.attachments:
        out += attachments(claim.attachments)
    if claim.contract is not None:
        out.append(CN1.write(claim.contract, "2300"))
    if claim.patient_paid_cents:
        out.append(f"AMT*F5*{amount_text(claim.patient_paid_cents)}")
    out += _claim_references(claim)
    if claim.fixed_format:
        out += fixed_formats(claim.fixed_format, "2300")
    if claim.note is not None:
        out.append(segment("NTE", CODE[claim.note.code], needed(claim.note.text, "2300 NTE02", 80)))
    if claim.transport is not None:
        out.append(CR1.write(claim.transport, "2300"))
    if claim.spinal_treatment is not None:
        out.append(CR2.write(claim.spinal_treatment, "2300"))
    if claim.conditions:
        out += conditions(claim.conditions)
    out += _codes(claim)
    if claim.repricing is not None:
        out.append(HCP.write(claim.repricing, "2300"))
    out += _claim_providers(claim)
    for other in claim.other_coverages:
        out += coverage(other, VERSION)
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
    if (claim.accident_state or claim.accident_country) and not claim.related_causes:
        raise WriteRefused("2300 CLM11", "a place of an accident needs its cause")
    if len(claim.related_causes) > 2:
        raise WriteRefused("2300 CLM11", "a claim has two related causes at most")
    count = len(claim.diagnoses)
    for pointers in {line.diagnosis_pointers for line in claim.lines}:
        if not 0 < len(pointers) <= 4 or len(set(pointers)) < len(pointers):
            raise WriteRefused("2400 SV107", "a line has one to four different pointers")
        if min(pointers) < 1 or max(pointers) > count:
            raise WriteRefused("2400 SV107", "a pointer names no diagnosis of the claim")


def _clm(claim: Claim) -> str:
    causes = ""
    if claim.related_causes:
        codes = [*(CODE[cause] for cause in claim.related_causes), "", ""][:2]
        causes = composite(*codes, "", CODE[claim.accident_state], CODE[claim.accident_country])
    number = needed(claim.control_number, "2300 CLM01", CONTROL_NUMBER_MAX)
    place = f"{CODE[claim.place_of_service_code]}:B:{CODE[claim.frequency_code]}"
    signed = "Y" if claim.provider_signature_on_file else "N"
    start = (
        f"CLM*{number}*{amount_text(claim.charge_cents)}***{place}*{signed}"
        f"*{CODE[claim.assignment_code]}*{CODE[claim.benefits_assigned]}*{CODE[claim.release_code]}"
    )
    return segment(
        start,
        CODE[claim.patient_signature_source],
        causes,
        CODE[claim.special_program_code],
        *_NOT_USED,
        CODE[claim.delay_reason_code],
    )


def _claim_references(claim: Claim) -> list[str]:
    given = [Reference(code, value) for code, value in _numbers(claim) if value]
    if claim.references or len(given) > 1:
        given += claim.references
        return references(given, order(VERSION, "2300", "REF"), "2300")
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


def _codes(claim: Claim) -> list[str]:
    """HI: diagnoses, procedures of anesthesia, conditions."""
    out = [_diagnoses(claim.diagnoses)]
    if claim.anesthesia_procedures:
        if len(claim.anesthesia_procedures) > 2:
            raise WriteRefused("2300 HI", "anesthesia has one or two surgical procedures")
        out.append(segment("HI", *map(_anesthesia, ("BP", "BO"), claim.anesthesia_procedures)))
    codes = claim.condition_codes
    if len(codes) > 2 * CODES_MAX:
        raise WriteRefused("2300 HI", f"a claim has {2 * CODES_MAX} condition codes at most")
    for start in range(0, len(codes), CODES_MAX):
        few = codes[start : start + CODES_MAX]
        out.append(segment("HI", *(f"BG:{CODE[code]}" for code in few)))
    return out


def _anesthesia(kind: str, code: str) -> str:
    return f"{kind}:{CODE[code]}"


def _diagnoses(diagnoses: tuple[Diagnosis, ...]) -> str:
    if not 0 < len(diagnoses) <= CODES_MAX:
        raise WriteRefused("2300 HI", f"a claim has 1 to {CODES_MAX} diagnoses")
    first, other = ("BK", "BF") if diagnoses[0].code_type == "BK" else ("ABK", "ABF")
    for index, diagnosis in enumerate(diagnoses):
        if diagnosis.code_type != (other if index else first):
            raise WriteRefused("2300 HI", "the first diagnosis, and only it, is principal (ABK)")
        if not _CODE.fullmatch(diagnosis.code):
            raise WriteRefused("2300 HI", "a diagnosis is not a code without a dot")
        if diagnosis.present_on_admission:
            raise WriteRefused("2300 HI", "an 837P does not say what was present on admission")
    return segment("HI", *(f"{each.code_type}:{each.code}" for each in diagnoses))


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
