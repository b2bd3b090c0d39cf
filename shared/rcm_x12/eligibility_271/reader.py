"""A 271 file to responses."""

from collections.abc import Iterable

from rcm_x12.eligibility_271.benefits import Rejection
from rcm_x12.eligibility_271.reader_benefits import read_benefit, read_rejections
from rcm_x12.eligibility_271.values import (
    Dependent,
    MilitaryService,
    Response,
    ResponseReceiver,
    ResponseSource,
    Subscriber,
)
from rcm_x12.eligibility_pieces import read_member, read_receiver, read_source, read_traces
from rcm_x12.envelope import Reading
from rcm_x12.framing import SetHead, frame
from rcm_x12.layout import guide
from rcm_x12.pieces import at, moment_at, read_contact, read_date
from rcm_x12.walked import WalkedSet
from rcm_x12.walker import Node


def read(source: bytes | Iterable[bytes]) -> Reading[Response]:
    """Every 271 of a file. Raises NotX12."""
    return frame(source, _open)


def _open(head: SetHead) -> "ResponseReader | None":
    if head.set_id != "271" or not head.version.startswith("005010X279"):
        return None
    return ResponseReader(head, guide("005010X279A1", "271"))


class ResponseReader(WalkedSet):
    """One ST."""

    def close(self) -> Response | None:
        root = self._walk.close()
        bht = root.first("BHT")
        sources = tuple(self._source(each) for each in root.loops("2000A"))
        if bht is None or not sources:
            return None
        return Response(at(bht, 3), moment_at(bht, 4), sources, at(bht, 2), at(bht, 6))

    def _source(self, node: Node) -> ResponseSource:
        named = node.loop("2100A")
        return ResponseSource(
            read_source(node),
            tuple(self._receiver(each) for each in node.loops("2000B")),
            read_rejections(node),
            tuple(read_contact(per) for per in named.every("PER")) if named else (),
            _rejections_in(named),
        )

    def _receiver(self, node: Node) -> ResponseReceiver:
        return ResponseReceiver(
            read_receiver(node),
            tuple(self._subscriber(each) for each in node.loops("2000C")),
            _rejections_in(node.loop("2100B")),
        )

    def _subscriber(self, node: Node) -> Subscriber:
        person, walk = node.loop("2100C"), self._walk
        return Subscriber(
            read_member(person, walk),
            tuple(read_benefit(each, walk) for each in person.loops("2110C")) if person else (),
            read_traces(node),
            _rejections_in(person),
            self._military(person),
            tuple(self._dependent(each) for each in node.loops("2000D")),
        )

    def _dependent(self, node: Node) -> Dependent:
        person, walk = node.loop("2100D"), self._walk
        return Dependent(
            read_member(person, walk),
            tuple(read_benefit(each, walk) for each in person.loops("2110D")) if person else (),
            read_traces(node),
            _rejections_in(person),
            self._military(person),
        )

    def _military(self, person: Node | None) -> MilitaryService | None:
        mpi = person.first("MPI") if person else None
        if mpi is None:
            return None
        dated = ["DTP", "", at(mpi, 6), at(mpi, 7)]
        served = read_date(dated, self._walk.reporter("MPI")) if at(mpi, 7) else None
        return MilitaryService(at(mpi, 1), at(mpi, 2), at(mpi, 3), at(mpi, 4), at(mpi, 5), served)


def _rejections_in(node: Node | None) -> tuple[Rejection, ...]:
    return read_rejections(node) if node else ()
