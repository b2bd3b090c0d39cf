"""The 835s of a file, one ST at a time: a file of 50 MB is never in memory as claims."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from rcm_x12 import findings as x12
from rcm_x12 import remittance_835
from rcm_x12.envelope import TransactionSet


@dataclass(frozen=True, slots=True)
class RemittanceSet:
    """One ST of an 835 and the SHA-256 of what stands between its ST and SE: control numbers may
    differ from one delivery to the next, the content of a payment does not."""

    ordinal: int
    found: TransactionSet[remittance_835.Remittance]
    content_sha256: bytes


@dataclass(frozen=True, slots=True)
class RemittanceSets:
    """Every 835 of a file that was read through once; each look at them reads it again."""

    count: int = 0
    content: bytes = field(default=b"", repr=False)
    digests: tuple[bytes, ...] = ()

    @classmethod
    def of(
        cls, content: bytes, digests: tuple[bytes, ...], findings: list[x12.Finding]
    ) -> "RemittanceSets":
        """Read the file through. `findings` gets those of its envelopes. Raises NotX12."""
        count = sum(1 for _ in remittance_835.read_sets(content, findings))
        return cls(count, content, digests)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[RemittanceSet]:
        """Digests and sets come from two passes in the same order; should they ever differ, no two
        are taken for the same payment by their content."""
        if not self.count:
            return
        for ordinal, found in enumerate(remittance_835.read_sets(self.content, []), 1):
            digest = self.digests[ordinal - 1] if len(self.digests) == self.count else b""
            yield RemittanceSet(ordinal, found, digest or self._whole(ordinal))

    def _whole(self, ordinal: int) -> bytes:
        return hashlib.sha256(self.content + ordinal.to_bytes(4, "big")).digest()
