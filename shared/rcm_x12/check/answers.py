"""SNIP 3 and 4 of answers: 277CA, 277, 271 and 999."""

from typing import Final

from rcm_x12.check.rules import Context, Segment, segment_rule
from rcm_x12.pieces import at
from rcm_x12.scalars import QUANTITIES
from rcm_x12.walker import Node

_REFUSED: Final = frozenset({"A3", "A4", "A6", "A7", "A8"})
_TAKEN: Final = frozenset({"A0", "A1", "A2", "A5"})


@segment_rule(
    "status-category",
    snip=4,
    kinds="277CA",
    loops="*",
    segment="STC",
    x12="I12",
    says="an acknowledgment uses categories A0 to A8 only",
    alone=True,
)
def acknowledgment_acknowledges(stc: Segment, loop: Node, context: Context) -> None:
    """STC01-1 of a 277CA: acknowledged, returned or rejected."""
    if context.parts(at(stc, 1))[0] not in _REFUSED | _TAKEN:
        context.say(loop, stc, 1, 1)


@segment_rule(
    "action-code",
    snip=4,
    kinds="277CA",
    loops="*",
    segment="STC",
    x12="I12",
    says="the action (STC03) does not go with the status category",
    alone=True,
)
def action_follows_the_status(stc: Segment, loop: Node, context: Context) -> None:
    """STC03 is U for what is rejected and WQ for what is accepted."""
    category, action = context.parts(at(stc, 1))[0], at(stc, 3)
    if (category in _REFUSED and action == "WQ") or (category in _TAKEN and action == "U"):
        context.say(loop, stc, 3)


@segment_rule(
    "benefit-percent",
    snip=4,
    kinds="271",
    loops="*",
    segment="EB",
    x12="I12",
    severity="warning",
    says="a share (EB08) is a fraction of one, not a percentage",
    alone=True,
)
def share_is_a_fraction(eb: Segment, loop: Node, context: Context) -> None:
    """EB08: 0.2 is twenty percent."""
    try:
        if at(eb, 8) and QUANTITIES[eb[8]] > 1:
            context.say(loop, eb, 8)
    except ValueError:
        return


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


@segment_rule(
    "acknowledged-count",
    snip=3,
    kinds="999",
    loops="ROOT",
    segment="AK9",
    says="AK9 accepts more sets than came, or received more than were announced",
)
def counts_do_not_grow(ak9: Segment, root: Node, context: Context) -> None:
    """AK904 accepted is not above AK903 received."""
    received, accepted = _count(at(ak9, 3)), _count(at(ak9, 4))
    if 0 <= received < accepted:
        context.say(root, ak9, 4)


@segment_rule(
    "acknowledged-verdict",
    snip=4,
    kinds="999",
    loops="ROOT",
    segment="AK9",
    says="the verdict (AK901) does not go with the numbers of sets received and accepted",
)
def verdict_follows_the_counts(ak9: Segment, root: Node, context: Context) -> None:
    """AK901 A or E accepts all sets, P some, R none."""
    verdict, received, accepted = at(ak9, 1), _count(at(ak9, 3)), _count(at(ak9, 4))
    if received <= 0 or accepted < 0:
        return
    wrong = {
        "A": accepted != received,
        "E": accepted != received,
        "P": not 0 < accepted < received,
        "R": accepted != 0,
    }
    if wrong.get(verdict, False):
        context.say(root, ak9, 1)
