"""A companion guide: one payer's or one partner's own rules, kept as the data they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rcm_x12.check import Companion, load_companion


@dataclass(frozen=True, slots=True)
class CompanionGuide:
    tenant_id: UUID
    companion_id: UUID
    name: str
    payer_id: str | None
    """Of this payer, whoever carries its claims; or else"""
    partner_id: UUID | None
    """of everything that this partner carries."""
    rules: tuple[Mapping[str, Any], ...]
    active: bool = True
    version: int = 1

    def loaded(self) -> Companion:
        """Raises `CompanionInvalid`."""
        return load_companion({"name": self.name, "rules": list(self.rules)})
