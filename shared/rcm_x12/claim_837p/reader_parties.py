"""Name loops of an 837P to parties."""

from rcm_x12.claim_837p.parties import Organization, Payer, Person, Provider
from rcm_x12.pieces import (
    at,
    date_at,
    quantity_at,
    read_address,
    read_contact,
    read_reference,
)
from rcm_x12.values import Reference
from rcm_x12.walker import Node, Walk

_TAX_IDS = frozenset({"EI", "SY"})


def organization_of(node: Node) -> Organization:
    nm1, per = node.first("NM1") or [], node.first("PER")
    return Organization(at(nm1, 3), at(nm1, 9), read_contact(per) if per else None)


def provider_of(node: Node, *, taxonomy_code: str = "") -> Provider:
    """Any provider loop; the billing provider's taxonomy stands in the loop above its name."""
    nm1, per, prv = node.first("NM1") or [], node.first("PER"), node.first("PRV")
    references = [read_reference(ref) for ref in node.every("REF")]
    tax = next((one for one in references if one.qualifier in _TAX_IDS), Reference("EI", ""))
    if node.name != "2010AA":
        tax = Reference("EI", "")
    return Provider(
        name=at(nm1, 3),
        npi=at(nm1, 9),
        is_person=at(nm1, 2) == "1",
        first_name=at(nm1, 4),
        middle_name=at(nm1, 5),
        suffix=at(nm1, 7),
        taxonomy_code=taxonomy_code or at(prv or [], 3),
        tax_id=tax.value,
        tax_id_qualifier=tax.qualifier,
        address=read_address(node.first("N3"), node.first("N4")),
        references=tuple(one for one in references if one != tax),
        contact=read_contact(per) if per else None,
    )


def payer_of(node: Node | None) -> Payer:
    if node is None:
        return Payer("", "")
    nm1 = node.first("NM1") or []
    return Payer(
        at(nm1, 3),
        at(nm1, 9),
        at(nm1, 8),
        read_address(node.first("N3"), node.first("N4")),
        tuple(read_reference(ref) for ref in node.every("REF")),
    )


def person_of(node: Node | None, pat: list[str] | None, walk: Walk) -> Person:
    """A subscriber's or patient's name loop, with what PAT adds."""
    nm1 = (node.first("NM1") if node else None) or []
    dmg = (node.first("DMG") if node else None) or []
    about = pat or []
    return Person(
        last_name=at(nm1, 3),
        first_name=at(nm1, 4),
        middle_name=at(nm1, 5),
        suffix=at(nm1, 7),
        birth_date=date_at(dmg, 2, walk.reporter("DMG")),
        sex=at(dmg, 3),
        address=read_address(node.first("N3"), node.first("N4")) if node else None,
        is_person=at(nm1, 2) != "2",
        death_date=date_at(about, 6, walk.reporter("PAT")),
        weight_pounds=quantity_at(about, 8, walk.reporter("PAT")),
        is_pregnant=at(about, 9) == "Y",
    )
