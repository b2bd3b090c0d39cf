"""999, 005010X231A1: the answer to a functional group.

write(envelope: Envelope, acknowledgments: Sequence[Acknowledgment]) -> bytes
read(content: bytes) -> Reading[Acknowledgment]
acknowledge(reading: Reading[object]) -> tuple[Acknowledgment, ...]
"""

from rcm_x12.ack_999.values import (
    Acknowledgment,
    Context,
    ElementError,
    SegmentError,
    SetResponse,
)

__all__ = ["Acknowledgment", "Context", "ElementError", "SegmentError", "SetResponse"]
