"""A 999 file to acknowledgments."""

from collections.abc import Iterable

from rcm_x12.ack_999.values import (
    Acknowledgment,
    Context,
    ElementError,
    SegmentError,
    SetResponse,
)
from rcm_x12.envelope import Reading
from rcm_x12.framing import SetHead, frame
from rcm_x12.layout import guide
from rcm_x12.pieces import at
from rcm_x12.walked import WalkedSet
from rcm_x12.walker import Node


def read(source: bytes | Iterable[bytes]) -> Reading[Acknowledgment]:
    """Every 999 of a file, whatever letter its label ends in. Raises NotX12."""
    return frame(source, _open)


def _open(head: SetHead) -> "AcknowledgmentReader | None":
    return AcknowledgmentReader(head, guide("005010X231A1")) if head.set_id == "999" else None


class AcknowledgmentReader(WalkedSet):
    """One ST."""

    def close(self) -> Acknowledgment:
        root = self._walk.close()
        ak1, ak9 = root.first("AK1") or [], root.first("AK9") or []
        return Acknowledgment(
            at(ak1, 1),
            at(ak1, 2),
            at(ak1, 3),
            at(ak9, 1),
            _count(ak9, 2),
            _count(ak9, 3),
            _count(ak9, 4),
            tuple(self._response(node) for node in root.loops("2000")),
            tuple(code for code in ak9[5:] if code),
        )

    def _response(self, node: Node) -> SetResponse:
        ak2, ik5 = node.first("AK2") or [], node.first("IK5") or []
        return SetResponse(
            at(ak2, 1),
            at(ak2, 2),
            at(ik5, 1),
            at(ak2, 3),
            tuple(self._segment_error(each) for each in node.loops("2100")),
            tuple(code for code in ik5[2:] if code),
        )

    def _segment_error(self, node: Node) -> SegmentError:
        ik3 = node.first("IK3") or []
        return SegmentError(
            at(ik3, 1),
            _count(ik3, 2),
            at(ik3, 4),
            at(ik3, 3),
            self._contexts(node),
            tuple(self._element_error(each) for each in node.loops("2110")),
        )

    def _element_error(self, node: Node) -> ElementError:
        ik4 = node.first("IK4") or []
        place = at(ik4, 1).split(self._component)
        return ElementError(
            _count(place, 0),
            at(ik4, 3),
            _count(place, 1),
            _count(place, 2),
            at(ik4, 2),
            at(ik4, 4),
            self._contexts(node),
        )

    def _contexts(self, node: Node) -> tuple[Context, ...]:
        return tuple(self._context(ctx) for ctx in node.every("CTX"))

    def _context(self, ctx: list[str]) -> Context:
        name, _, value = at(ctx, 1).partition(self._component)
        place = at(ctx, 5).split(self._component)
        return Context(
            name, value, at(ctx, 2), _count(ctx, 3), at(ctx, 4), _count(place, 0), _count(place, 1)
        )


def _count(elements: list[str], place: int) -> int:
    text = at(elements, place)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
