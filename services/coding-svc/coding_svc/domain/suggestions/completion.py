"""From the code that a phrase names to one that may be billed: what is missing is taken from what
the note says around it, else from the title that says "unspecified", else it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coding_svc.domain.codes import Diagnoses, DiagnosisCode
from coding_svc.domain.suggestions.phrases import nonessential, stems_in
from coding_svc.domain.suggestions.sides import Side, side_of
from coding_svc.domain.suggestions.suggestion import Ask, Reason

DEPTH_MAX = 5
CHOICES_MAX = 12
INITIAL, SUBSEQUENT, SEQUELA = "A", "D", "S"
_SIDE_WORDS = frozenset({"right", "left", "bilateral", "both", "side"})


@dataclass(frozen=True, slots=True)
class Context:
    """What a note says around a mention."""

    side: Side
    is_side_near: bool
    stems: frozenset[str]
    """Of the sentence, or of the problem that it is the heading of."""
    encounter: str
    """The 7th character that the note speaks for: initial, subsequent, sequela."""
    is_encounter_told: bool


@dataclass(frozen=True, slots=True)
class Completed:
    """A billable code, how it came to be this one, and what is still asked."""

    row: DiagnosisCode
    reasons: tuple[Reason, ...] = ()
    asks: tuple[Ask, ...] = ()


def complete(book: Diagnoses, code: str, context: Context) -> tuple[Completed, ...]:
    """One code; two where both sides are meant and no code says both; none where nothing fits."""
    row = book.find(code)
    if row is None:
        return ()
    found = Completed(row)
    for _ in range(DEPTH_MAX):
        sided = _sided(book, found, context)
        if len(sided) > 1:
            return tuple(each for one in sided for each in complete_one(book, one, context))
        found = sided[0]
        if found.row.is_billable:
            return (found,)
        deeper = _deeper(book, found, context)
        if deeper is None:
            return ()
        found = deeper
    return ()


def complete_one(book: Diagnoses, found: Completed, context: Context) -> tuple[Completed, ...]:
    """A code whose side is settled, down to one that may be billed."""
    for _ in range(DEPTH_MAX):
        if found.row.is_billable:
            return (found,)
        deeper = _deeper(book, found, context)
        if deeper is None:
            return ()
        found = deeper
    return ()


def _sided(book: Diagnoses, found: Completed, context: Context) -> tuple[Completed, ...]:
    """The code of the side that is told, when the code's siblings tell one."""
    twins = _twins(book, found.row)
    if not twins:
        return (found,)
    if context.side == "":
        if side_of(found.row.title) in {"right", "left", "bilateral"}:
            return (found,)
        choices = tuple(
            twins[each].code for each in ("right", "left", "bilateral") if each in twins
        )
        row = twins.get("unspecified", found.row)
        ask = Ask("side", "which side", choices)
        return (replace(found, row=row, asks=(*found.asks, ask)),)
    reason = Reason("side", f"the note says {context.side}")
    if not context.is_side_near:
        reason = Reason("side_elsewhere", f"the note tells one side only: {context.side}")
    if context.side in twins:
        return (replace(found, row=twins[context.side], reasons=(*found.reasons, reason)),)
    if context.side == "bilateral" and {"right", "left"} <= {*twins}:
        both = Reason("both_sides", "both sides, and no code says both (I.B.13)")
        return tuple(
            replace(found, row=twins[each], reasons=(*found.reasons, both))
            for each in ("right", "left")
        )
    return (found,)


def _twins(book: Diagnoses, row: DiagnosisCode) -> dict[Side, DiagnosisCode]:
    """The codes that differ from this one in the side only; empty when the side is no matter."""
    own = _bare(row.title)
    family = book.children(row.parent) if row.parent else ()
    twins = {side_of(each.title): each for each in family if _bare(each.title) == own}
    return twins if {"right", "left"} <= {*twins} else {}


def _bare(title: str) -> frozenset[str]:
    return frozenset(stems_in(title)) - _SIDE_WORDS


def _deeper(book: Diagnoses, found: Completed, context: Context) -> Completed | None:
    """One level down: the child that the note's words choose, or the one that says nothing more."""
    children = book.children(found.row.code)
    if not children:
        return None
    sevenths = {each.code[-1]: each for each in children if each.seventh_of and len(each.code) == 7}
    if len(sevenths) == len(children):
        return _encounter(found, sevenths, context)
    if len(children) == 1:
        return replace(found, row=children[0])
    own = frozenset(stems_in(found.row.title))
    sides = {side_of(each.title) for each in children}
    ranked = sorted(children, key=lambda each: _fit(each, own, context.stems), reverse=True)
    if {"right", "left"} <= sides:
        # The side is one question; which of several places is meant, the words must tell.
        meant = _bare(ranked[0].title)
        same = [each for each in ranked if _bare(each.title) == meant]
        if {"right", "left"} <= {side_of(each.title) for each in same}:
            return _side_below(found, same, context)
    best = _fit(ranked[0], own, context.stems)
    if best[0] > 0:
        reason = Reason("specified", f"the note's words choose {ranked[0].code}")
        return replace(found, row=ranked[0], reasons=(*found.reasons, reason))
    choices = tuple(each.code for each in children[:CHOICES_MAX])
    ask = Ask("type", f"{found.row.code} asks for more than the note says", choices)
    asks = found.asks if any(each.kind == "type" for each in found.asks) else (*found.asks, ask)
    return replace(found, row=ranked[0], asks=asks)


def _side_below(found: Completed, children: Sequence[DiagnosisCode], context: Context) -> Completed:
    """A child to begin with; `_sided` then chooses among its twins."""
    wanted = context.side or "unspecified"
    row = next((each for each in children if side_of(each.title) == wanted), None)
    if row is None:
        row = next((each for each in children if side_of(each.title) == "right"), children[0])
        if context.side == "":
            choices = tuple(each.code for each in children[:CHOICES_MAX])
            ask = Ask("side", "which side", choices)
            return replace(found, row=row, asks=(*found.asks, ask))
    return replace(found, row=row)


def _fit(
    child: DiagnosisCode, own: frozenset[str], context: frozenset[str]
) -> tuple[float, float, str]:
    """How many words the child adds that the note has, less those that it has not; then how little
    it says beyond its parent."""
    title = child.title.lower()
    more = frozenset(stems_in(title)) - own - nonessential() - _SIDE_WORDS
    told = len(more & context)
    missing = len(more - context)
    chosen = told - missing * 0.5 if told and "without" not in title else 0.0
    default = 3.0 if "unspecified" in title else 2.0 if " nos" in title else 0.0
    default += 1.0 if "without" in title or "uncomplicated" in title else 0.0
    default -= 1.5 if title.startswith("other") else 0.0
    default -= 2.0 if " with " in title else 0.0
    return (max(chosen, 0.0), default - 0.1 * missing, child.code[-1])


def _encounter(
    found: Completed, sevenths: dict[str, DiagnosisCode], context: Context
) -> Completed | None:
    row = sevenths.get(context.encounter) or sevenths.get(INITIAL) or next(iter(sevenths.values()))
    reason = Reason("seventh_character", f"7th character {row.code[-1]}: {_meaning(row)}")
    asks = found.asks
    if not context.is_encounter_told:
        asks = (
            *asks,
            Ask("encounter", "active treatment, healing or sequela", tuple(
                each.code for key, each in sevenths.items() if key in {INITIAL, SUBSEQUENT, SEQUELA}
            )),
        )  # fmt: skip
    return replace(found, row=row, reasons=(*found.reasons, reason), asks=asks)


def _meaning(row: DiagnosisCode) -> str:
    return row.title.rpartition(", ")[2]
