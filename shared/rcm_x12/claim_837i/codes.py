"""HI of the institutional claim: a dozen lists of codes, each with its own composite.

The guide gives every list its own segments, twelve codes to one; some lists may have two.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from rcm_x12.builder import CODE, segment
from rcm_x12.claim.values import Diagnosis
from rcm_x12.claim_837i.values import (
    Claim,
    Occurrence,
    OccurrenceSpan,
    PerformedProcedure,
    ValueCode,
)
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import Report, at
from rcm_x12.scalars import amount_text, cents, date_of, date_text
from rcm_x12.walker import Node, Walk

_PER_SEGMENT: Final = 12
_PRINCIPAL: Final = frozenset({"ABK", "BK"})
_ADMITTING: Final = frozenset({"ABJ", "BJ"})
_REASONS: Final = frozenset({"APR", "PR"})
_EXTERNAL: Final = frozenset({"ABN", "BN"})
_OTHER: Final = frozenset({"ABF", "BF"})
_DIAGNOSES: Final = _PRINCIPAL | _ADMITTING | _REASONS | _EXTERNAL | _OTHER
_FIRST_PROCEDURES: Final = frozenset({"BBR", "BR", "CAH"})
_PROCEDURES: Final = _FIRST_PROCEDURES | {"BBQ", "BQ"}
_WITH_PRESENCE: Final = _PRINCIPAL | _EXTERNAL | _OTHER


def code_segments(claim: Claim) -> Iterator[str]:
    """All HI of a claim, in guide order. Raises WriteRefused for more than the guide holds."""
    if not claim.diagnoses or claim.diagnoses[0].code_type not in _PRINCIPAL:
        raise WriteRefused("2300 HI", "the first diagnosis is the principal one (ABK)")
    for one in claim.diagnoses:
        if one.code_type not in _DIAGNOSES:
            raise WriteRefused("2300 HI", "a diagnosis has a type that the guide does not know")
    for kinds, most in ((_PRINCIPAL, 1), (_ADMITTING, 1), (_REASONS, 3), (_EXTERNAL, 12)):
        yield from _of(claim.diagnoses, kinds, most)
    if claim.drg_code:
        yield f"HI*DR:{_needed(claim.drg_code)}"
    yield from _of(claim.diagnoses, _OTHER, 24)
    performed = claim.procedures
    first = [one for one in performed if one.code_type in _FIRST_PROCEDURES]
    yield from _list(map(_procedure, first), 1)
    yield from _list(map(_procedure, (one for one in performed if one not in first)), 24)
    spans = (f"BI:{_needed(s.code)}:RD8:{_range(s)}" for s in claim.occurrence_spans)
    yield from _list(spans, 24)
    days = (f"BH:{_needed(one.code)}:D8:{date_text(one.on)}" for one in claim.occurrences)
    yield from _list(days, 24)
    sums = (f"BE:{_needed(one.code)}:::{amount_text(one.cents)}" for one in claim.value_codes)
    yield from _list(sums, 24)
    yield from _list((f"BG:{_needed(code)}" for code in claim.condition_codes), 24)
    yield from _list((f"TC:{_needed(code)}" for code in claim.treatment_codes), 24)


def _needed(code: str) -> str:
    if not code:
        raise WriteRefused("2300 HI", "a code is empty")
    return CODE[code]


def _range(span: OccurrenceSpan) -> str:
    return f"{date_text(span.first)}-{date_text(span.last)}"


def _of(diagnoses: tuple[Diagnosis, ...], kinds: frozenset[str], most: int) -> Iterator[str]:
    return _list(map(_diagnosis, (one for one in diagnoses if one.code_type in kinds)), most)


def _diagnosis(one: Diagnosis) -> str:
    code = f"{one.code_type}:{_needed(one.code)}"
    if not one.present_on_admission:
        return code
    if one.code_type not in _WITH_PRESENCE:
        raise WriteRefused("2300 HI", "this diagnosis does not say what was present on admission")
    return f"{code}:::::::{CODE[one.present_on_admission]}"


def _procedure(one: PerformedProcedure) -> str:
    if one.code_type not in _PROCEDURES:
        raise WriteRefused("2300 HI", "a procedure has a type that the guide does not know")
    return f"{one.code_type}:{_needed(one.code)}:D8:{date_text(one.performed_on)}"


def _list(composites: Iterable[str], most: int) -> Iterator[str]:
    given = list(composites)
    if len(given) > most:
        raise WriteRefused("2300 HI", f"a claim holds {most} codes of this kind at most")
    for start in range(0, len(given), _PER_SEGMENT):
        yield segment("HI", *given[start : start + _PER_SEGMENT])


def codes_of(node: Node, walk: Walk) -> dict[str, Any]:
    """Every HI of a claim by the fields of `Claim`; what cannot be read is a finding."""
    report = walk.reporter("HI", "2300")
    found: dict[str, list[Any]] = {}
    drg = ""
    for hi in node.every("HI"):
        for place, composite in enumerate(hi[1:], 1):
            parts = composite.split(walk.component)
            if parts[0] == "DR":
                drg = at(parts, 1)
                continue
            name, make = _READERS.get(parts[0], ("", _nothing))
            value = _read(make, parts, report, place)
            if name and value is not None:
                found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()} | {"drg_code": drg}


def _read(make: Callable[[list[str]], Any], parts: list[str], report: Report, place: int) -> Any:
    try:
        return make(parts)
    except ValueError as error:
        report("composite", str(error), place)
        return None


def _nothing(_: list[str]) -> None:
    return None


def _span(parts: list[str]) -> OccurrenceSpan:
    first, _, last = at(parts, 3).partition("-")
    return OccurrenceSpan(at(parts, 1), date_of(first), date_of(last))


_READERS: Final[dict[str, tuple[str, Callable[[list[str]], Any]]]] = {
    **dict.fromkeys(
        _DIAGNOSES, ("diagnoses", lambda parts: Diagnosis(at(parts, 1), parts[0], at(parts, 8)))
    ),
    **dict.fromkeys(
        _PROCEDURES,
        (
            "procedures",
            lambda parts: PerformedProcedure(at(parts, 1), date_of(at(parts, 3)), parts[0]),
        ),
    ),
    "BI": ("occurrence_spans", _span),
    "BH": ("occurrences", lambda parts: Occurrence(at(parts, 1), date_of(at(parts, 3)))),
    "BE": ("value_codes", lambda parts: ValueCode(at(parts, 1), cents(at(parts, 4)))),
    "BG": ("condition_codes", lambda parts: at(parts, 1)),
    "TC": ("treatment_codes", lambda parts: at(parts, 1)),
}
