"""Name loops of an 837 to parties."""

from rcm_x12.claim.parties import (
    Dependent,
    Organization,
    Payer,
    Person,
    Provider,
    Subscriber,
)
from rcm_x12.pieces import (
    at,
    date_at,
    quantity_at,
    read_address,
    read_contact,
    read_reference,
)
from rcm_x12.values import Contact, Reference
from rcm_x12.walker import Node, Walk

_TAX_IDS = frozenset({"EI", "SY"})


def _contacts(node: Node) -> tuple[Contact | None, Contact | None]:
    first, second, *_ = [*map(read_contact, node.every("PER")), None, None]
    return first, second


def organization_of(node: Node | None) -> Organization:
    """1000A and 1000B."""
    if node is None:
        return Organization("", "")
    nm1 = node.first("NM1") or []
    contact, second = _contacts(node)
    return Organization(
        at(nm1, 3),
        at(nm1, 9),
        contact,
        second,
        is_person=at(nm1, 2) == "1",
        first_name=at(nm1, 4),
        middle_name=at(nm1, 5),
    )


def provider_of(node: Node, walk: Walk, *, taxonomy_code: str = "") -> Provider:
    """Any provider loop; the billing provider's taxonomy stands in the loop above its name."""
    nm1, prv = node.first("NM1") or [], node.first("PRV")
    references = [read_reference(ref, walk.component) for ref in node.every("REF")]
    tax = None
    if node.name == "2010AA":
        tax = next((one for one in references if one.qualifier in _TAX_IDS), None)
        references = [one for one in references if one is not tax]
    contact, second = _contacts(node)
    return Provider(
        name=at(nm1, 3),
        npi=at(nm1, 9),
        is_person=at(nm1, 2) == "1",
        first_name=at(nm1, 4),
        middle_name=at(nm1, 5),
        suffix=at(nm1, 7),
        taxonomy_code=taxonomy_code or at(prv or [], 3),
        tax_id=tax.value if tax else "",
        tax_id_qualifier=tax.qualifier if tax else "EI",
        address=read_address(node.first("N3"), node.first("N4")),
        references=tuple(references),
        contact=contact,
        second_contact=second,
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
        _references(node),
    )


def _references(node: Node | None) -> tuple[Reference, ...]:
    return tuple(read_reference(ref) for ref in node.every("REF")) if node else ()


def person_of(node: Node | None, pat: list[str] | None, walk: Walk) -> Person:
    """A subscriber's or patient's name loop, with what PAT adds."""
    nm1 = (node.first("NM1") if node else None) or []
    dmg = (node.first("DMG") if node else None) or []
    per = node.first("PER") if node else None
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
        contact=read_contact(per) if per else None,
    )


def subscriber_of(node: Node | None, walk: Walk) -> Subscriber:
    """2000B and 2010BA."""
    name = node.loop("2010BA") if node else None
    nm1 = (name.first("NM1") if name else None) or []
    sbr = (node.first("SBR") if node else None) or []
    return Subscriber(
        person=person_of(name, node.first("PAT") if node else None, walk),
        member_id=at(nm1, 9),
        rank=at(sbr, 1),
        filing_code=at(sbr, 9),
        group_number=at(sbr, 3),
        group_name=at(sbr, 4),
        insurance_type_code=at(sbr, 5),
        references=_references(name),
        id_qualifier=at(nm1, 8) or "MI",
    )


def dependent_of(node: Node, walk: Walk) -> Dependent:
    """2000C and 2010CA."""
    name, pat = node.loop("2010CA"), node.first("PAT") or []
    return Dependent(person_of(name, pat, walk), at(pat, 1), _references(name))
