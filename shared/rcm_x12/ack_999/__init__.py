"""999, 005010X231A1: the answer to a functional group.

write(envelope: Envelope, acknowledgments: Sequence[Acknowledgment]) -> bytes
read(content: bytes) -> Reading[Acknowledgment]
acknowledge(read: Reading | Report, copy=None) -> tuple[Acknowledgment, ...]
copier(source, findings) -> the `copy` that repeats bad values (IK404)
"""

from rcm_x12.ack_999.answer import acknowledge
from rcm_x12.ack_999.copies import copier
from rcm_x12.ack_999.reader import read
from rcm_x12.ack_999.values import (
    Acknowledgment,
    Context,
    ElementError,
    SegmentError,
    SetResponse,
)
from rcm_x12.ack_999.writer import write

__all__ = [
    "Acknowledgment",
    "Context",
    "ElementError",
    "SegmentError",
    "SetResponse",
    "acknowledge",
    "copier",
    "read",
    "write",
]
