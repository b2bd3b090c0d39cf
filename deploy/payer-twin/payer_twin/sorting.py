"""What an interchange holds, and who sent it."""

from dataclasses import dataclass, field, replace

from payer_twin.billed import Batch
from rcm_x12 import claim_837i, claim_837p, eligibility_270, status_276
from rcm_x12.envelope import Envelope, Reading
from rcm_x12.findings import NotX12
from rcm_x12.scalars import EPOCH
from rcm_x12.tokenizer import blocks

_KINDS = {
    ("837", "005010X222"): "837P",
    ("837", "005010X223"): "837I",
    ("270", "005010X279"): "270",
    ("276", "005010X212"): "276",
    ("999", "005010X231"): "999",
}
"""By ST01 and the beginning of GS08."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """An interchange by kind; `kind` is empty for what the payer does not take."""

    submitter: str
    control_number: str
    kind: str
    envelope: Envelope
    claims: Reading[Batch] | None = field(default=None, repr=False)
    eligibility: Reading[eligibility_270.Inquiry] | None = field(default=None, repr=False)
    status: Reading[status_276.Inquiry] | None = field(default=None, repr=False)


def sort(content: bytes) -> Sorted:
    """Raises NotX12."""
    isa, kind = _head(content)
    if len(isa) < 17:
        raise NotX12("the interchange header is incomplete")
    envelope = Envelope(
        sender_id=isa[6].strip(),
        receiver_id=isa[8].strip(),
        interchange_control_number=isa[13],
        group_control_number="1",
        created_at=EPOCH,
        sender_qualifier=isa[5],
        receiver_qualifier=isa[7],
        usage=isa[15],
        acknowledgment_requested=isa[14] == "1",
    )
    found = Sorted(envelope.sender_id, isa[13], kind, envelope)
    match kind:
        case "837P":
            return _with_group(replace(found, claims=claim_837p.read(content)))
        case "837I":
            return _with_group(replace(found, claims=claim_837i.read(content)))
        case "270":
            return _with_group(replace(found, eligibility=eligibility_270.read(content)))
        case "276":
            return _with_group(replace(found, status=status_276.read(content)))
        case _:
            return found


def _with_group(found: Sorted) -> Sorted:
    """The envelope with its group, as the reader saw it."""
    reading = found.claims or found.eligibility or found.status
    return replace(found, envelope=reading.sets[0].envelope) if reading and reading.sets else found


def _head(content: bytes) -> tuple[list[str], str]:
    """ISA, and what the first transaction set is; TA1 when there is nothing but one."""
    isa: list[str] = []
    version = ""
    for block in blocks(content, []):
        for segment in block.segments:
            parts = segment.split(block.separators.element)
            match parts[0]:
                case "ISA" if not isa:
                    isa = parts
                case "TA1" if not version:
                    return isa, "TA1"
                case "GS":
                    version = parts[-1][:10]
                case "ST":
                    return isa, _KINDS.get((parts[1] if len(parts) > 1 else "", version), "")
    return isa, ""
