"""The kinds of transaction that travel, each by its field name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

TransactionType = Literal["837P", "837I", "270", "276", "835", "277CA", "271", "277", "999", "TA1"]
ClaimKind = Literal["837P", "837I"]
CLAIM_KINDS: tuple[ClaimKind, ...] = ("837P", "837I")

# CORE's PayloadType of what we submit, in batch or in real time.
PAYLOAD_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "837P": "X12_837_Request_005010X222A1",
        "837I": "X12_837_Request_005010X223A1_2",
        "270": "X12_270_Request_005010X279A1",
        "276": "X12_276_Request_005010X212",
        "999": "X12_999_SubmissionRequest_005010X231A1",
        "TA1": "X12_TA1_SubmissionRequest_00501X231A1",
    }
)
ELIGIBILITY_REQUEST = PAYLOAD_TYPES["270"]
CLAIM_STATUS_REQUEST = PAYLOAD_TYPES["276"]


def kind_of_name(file_name: str) -> str:
    """The kind that a file's name says it is: `SUB001-000000042.837p.x12` is an 837P."""
    parts = file_name.rsplit(".", 2)
    return parts[1].upper() if len(parts) == 3 else ""
