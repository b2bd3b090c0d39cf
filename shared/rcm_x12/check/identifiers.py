"""Forms of identifiers and addresses that the guides leave to the reader's good sense."""

import re
from functools import lru_cache
from typing import Final

from rcm_x12.check.rules import Context, Segment, segment_rule
from rcm_x12.pieces import at
from rcm_x12.walker import Node

_CLAIMS: Final = "837P 837I"
_REQUESTS: Final = "837P 837I 270 276"
_TEN = re.compile(r"[0-9]{10}", re.ASCII).fullmatch
_NINE = re.compile(r"[0-9]{9}", re.ASCII).fullmatch
_ZIP = re.compile(r"[0-9]{5}(?:[0-9]{4})?", re.ASCII).fullmatch
_TAXONOMY = re.compile(r"[0-9A-Z]{9}[A-Z]", re.ASCII).fullmatch
_PHONE = re.compile(r"[0-9]{10}", re.ASCII).fullmatch
_CLIA = re.compile(r"[0-9]{2}D[0-9]{7}", re.ASCII).fullmatch
_BOX = re.compile(r"\s*(?:P\.?\s*O\.?\s*BOX|POST\s+OFFICE\s+BOX|LOCK\s*BOX)\b", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def has_check_digit(npi: str) -> bool:
    """Luhn over 80840 and the ten digits."""
    digits = [int(char) for char in f"80840{npi}"]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


@segment_rule(
    "npi-form",
    snip=2,
    kinds=_REQUESTS,
    loops="*",
    segment="NM1",
    x12="I12",
    says="a national provider identifier has ten digits",
    alone=True,
)
def npi_has_ten_digits(nm1: Segment, loop: Node, context: Context) -> None:
    """NM109 under NM108 XX."""
    if len(nm1) > 9 and nm1[8] == "XX" and not _TEN(nm1[9]):
        context.say(loop, nm1, 9)


@segment_rule(
    "npi-check-digit",
    snip=2,
    kinds=_REQUESTS,
    loops="*",
    segment="NM1",
    x12="I12",
    says="the check digit of the national provider identifier is wrong",
    alone=True,
)
def npi_is_well_copied(nm1: Segment, loop: Node, context: Context) -> None:
    """45 CFR 162.406: the tenth digit is a Luhn check digit over 80840 and the nine before it."""
    if len(nm1) > 9 and nm1[8] == "XX" and _TEN(nm1[9]) and not has_check_digit(nm1[9]):
        context.say(loop, nm1, 9)


@segment_rule(
    "taxonomy-form",
    snip=2,
    kinds=_REQUESTS,
    loops="*",
    segment="PRV",
    x12="I12",
    says="a taxonomy code has ten letters and digits and ends in a letter",
    alone=True,
)
def taxonomy_has_its_form(prv: Segment, loop: Node, context: Context) -> None:
    """PRV03 under PRV02 PXC."""
    if at(prv, 2) == "PXC" and at(prv, 3) and not _TAXONOMY(prv[3]):
        context.say(loop, prv, 3)


@segment_rule(
    "tax-id-form",
    snip=2,
    kinds=_CLAIMS,
    loops="*",
    segment="REF",
    x12="I12",
    says="a tax or social security number has nine digits and no dash",
    alone=True,
)
def tax_id_is_nine_digits(ref: Segment, loop: Node, context: Context) -> None:
    """REF02 under EI or SY."""
    if ref[1:2] in (["EI"], ["SY"]) and at(ref, 2) and not _NINE(ref[2]):
        context.say(loop, ref, 2)


@segment_rule(
    "clia-form",
    snip=2,
    kinds="837P",
    loops="2300 2400",
    segment="REF",
    x12="I12",
    says="a CLIA number is two digits, D and seven digits",
    alone=True,
)
def clia_has_its_form(ref: Segment, loop: Node, context: Context) -> None:
    """REF02 under X4 or F4."""
    if ref[1:2] in (["X4"], ["F4"]) and at(ref, 2) and not _CLIA(ref[2]):
        context.say(loop, ref, 2)


def _is_domestic(n4: Segment) -> bool:
    return at(n4, 4) in {"", "US"} and not at(n4, 7)


@segment_rule(
    "zip-form",
    snip=2,
    kinds=_REQUESTS,
    loops="*",
    segment="N4",
    x12="I12",
    says="a ZIP code of the United States has five or nine digits",
    alone=True,
)
def zip_has_its_form(n4: Segment, loop: Node, context: Context) -> None:
    """N403 without N404."""
    if at(n4, 3) and _is_domestic(n4) and at(n4, 2) not in _PROVINCES and not _ZIP(n4[3]):
        context.say(loop, n4, 3)


_PROVINCES = frozenset(
    ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]
)
"""Some senders write a Canadian address without its country."""


@segment_rule(
    "zip-nine-digits",
    snip=2,
    kinds=_CLAIMS,
    loops="2010AA 837P:2310C 837I:2310E 837P:2420C",
    segment="N4",
    x12="I12",
    says="the ZIP code of a billing provider or service facility has nine digits",
    alone=True,
)
def provider_zip_is_full(n4: Segment, loop: Node, context: Context) -> None:
    """N403 of loop 2010AA and of service facilities: the full nine digits."""
    if _is_domestic(n4) and not _NINE(at(n4, 3)):
        context.say(loop, n4, 3)


@segment_rule(
    "state-missing",
    snip=4,
    kinds=_REQUESTS,
    loops="*",
    segment="N4",
    x12="I9",
    says="an address in the United States needs its state",
    alone=True,
)
def domestic_address_has_a_state(n4: Segment, loop: Node, context: Context) -> None:
    """N402 is required when the address is in the United States or Canada."""
    if at(n4, 1) and _is_domestic(n4) and not at(n4, 2):
        context.say(loop, n4, 2)


@segment_rule(
    "zip-missing",
    snip=4,
    kinds=_REQUESTS,
    loops="*",
    segment="N4",
    x12="I9",
    says="an address in the United States needs its ZIP code",
    alone=True,
)
def domestic_address_has_a_zip(n4: Segment, loop: Node, context: Context) -> None:
    """N403 is required when the address is in the United States or Canada."""
    if at(n4, 1) and _is_domestic(n4) and not at(n4, 3):
        context.say(loop, n4, 3)


@segment_rule(
    "billing-po-box",
    snip=4,
    kinds=_CLAIMS,
    loops="2010AA",
    segment="N3",
    x12="I12",
    says="a billing provider has a street address; a PO box belongs into loop 2010AB",
    alone=True,
)
def billing_address_is_a_street(n3: Segment, loop: Node, context: Context) -> None:
    """N3 of loop 2010AA."""
    for place in (1, 2):
        if _BOX.match(at(n3, place)):
            context.say(loop, n3, place)


@segment_rule(
    "telephone-form",
    snip=2,
    kinds=_CLAIMS,
    loops="*",
    segment="PER",
    x12="I12",
    severity="warning",
    says="a telephone or fax number is ten digits without punctuation",
    alone=True,
)
def telephone_is_ten_digits(per: Segment, loop: Node, context: Context) -> None:
    """PER04, 06, 08 under TE or FX."""
    for place in (3, 5, 7):
        if at(per, place) in {"TE", "FX"} and not _PHONE(at(per, place + 1)):
            context.say(loop, per, place + 1)
