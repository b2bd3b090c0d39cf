"""2110: one EB and all that hangs beneath it."""

from collections.abc import Iterable, Iterator

from rcm_x12.builder import CODE, REPETITION, needed, segment, text
from rcm_x12.eligibility_271.benefits import Benefit, Delivery, Entity, Rejection
from rcm_x12.eligibility_pieces import (
    write_dates,
    write_identifications,
    write_industry,
    write_pointers,
    write_role,
)
from rcm_x12.pieces import (
    write_address,
    write_contact,
    write_name,
    write_procedure,
)
from rcm_x12.scalars import amount_text, quantity_text, share_text

_LOOP = "2120"
"""LS01 and LE01: the loop that they wrap."""


def write_rejections(rejections: Iterable[Rejection]) -> Iterator[str]:
    """AAA."""
    for one in rejections:
        valid = "Y" if one.is_valid_request else "N"
        yield f"AAA*{valid}**{CODE[one.reason_code]}*{CODE[one.follow_up_code]}"


def write_benefit(one: Benefit, place: str) -> Iterator[str]:
    """EB, HSD, REF, DTP, AAA, MSG, III, and the entities between LS and LE."""
    yield segment(
        "EB",
        CODE[one.code],
        CODE[one.coverage_level_code],
        REPETITION.join(CODE[code] for code in one.service_type_codes),
        CODE[one.insurance_type_code],
        text(one.plan_name, f"{place} EB05", 50),
        CODE[one.period_code],
        "" if one.amount_cents is None else amount_text(one.amount_cents),
        "" if one.share_ppm is None else share_text(one.share_ppm),
        CODE[one.quantity_qualifier],
        "" if one.quantity is None else quantity_text(one.quantity),
        CODE[one.authorization],
        CODE[one.network],
        write_procedure(one.procedure, f"{place} EB13") if one.procedure else "",
        write_pointers(one.diagnosis_pointers, f"{place} EB14"),
    )
    yield from (_delivery(delivery) for delivery in one.deliveries)
    yield from write_identifications(one.references, place)
    yield from write_dates(one.dates)
    yield from write_rejections(one.rejections)
    yield from (f"MSG*{needed(message, f'{place} MSG01', 264)}" for message in one.messages)
    yield from (write_industry(industry, place) for industry in one.industries)
    if one.entities:
        yield f"LS*{_LOOP}"
        for entity in one.entities:
            yield from _entity(entity)
        yield f"LE*{_LOOP}"


def _delivery(one: Delivery) -> str:
    """HSD."""
    return segment(
        "HSD",
        CODE[one.quantity_qualifier],
        "" if one.quantity is None else quantity_text(one.quantity),
        CODE[one.measure_code],
        "" if one.sampling is None else quantity_text(one.sampling),
        CODE[one.period_code],
        "" if one.period_count is None else str(one.period_count),
        CODE[one.frequency_code],
        CODE[one.pattern_code],
    )


def _entity(one: Entity) -> Iterator[str]:
    nm1 = write_name(CODE[one.entity_code], one.name, _LOOP)
    if one.relationship_code:
        # NM110 stands behind the id, which may be absent.
        nm1 += "*" * (10 - nm1.count("*")) + CODE[one.relationship_code]
    yield nm1
    if one.address:
        yield from write_address(one.address, _LOOP)
    yield from (write_contact("IC", contact, _LOOP) for contact in one.contacts)
    if one.role:
        yield write_role(one.role, _LOOP)
