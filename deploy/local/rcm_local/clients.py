"""Who may ask the development identity provider for tokens: invented systems and people."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr

from rcm_local.secret_files import write_private

DEMO_TENANT_ID = UUID("0dec0de0-0000-4000-8000-00000c11111c")
DEMO_TENANT_CODE = "demo-clinic"

# The clinic's own practice system: all that the demo does, and nothing else.
CLINIC_SCOPES = (
    "system/Encounter.crus",
    "system/Coding.crus",
    "system/Query.crus",
    "system/CodeSet.rs",
    "system/FeeSchedule.crus",
    "system/Claim.rs",
    "system/Payer.crus",
    "system/TradingPartner.crus",
    "system/Transmission.rs",
    "system/Acknowledgment.rs",
    "system/Remittance.crs",
    "system/Account.rs",
    "system/Balance.rs",
    "system/Ledger.rs",
)
PEOPLE = ("admin", "auditor", "coder", "biller", "operator", "patient_support")


class Client(BaseModel):
    """One client of the token endpoint and what its tokens may say."""

    model_config = ConfigDict(frozen=True)

    client_id: str
    secret: SecretStr
    tenant_id: UUID
    scopes: tuple[str, ...]
    roles: tuple[str, ...] = ()


def load_clients(directory: Path) -> Mapping[str, Client]:
    """The clients by id, with their secrets from `secrets.json`, made there when missing."""
    file = directory / "secrets.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    for name in ("clinic", *PEOPLE):
        known.setdefault(name, secrets.token_urlsafe(24))
    write_private(file, json.dumps(known, indent=1) + "\n")
    # A person's scopes are wide; what the role allows is the narrower of the two.
    people = [_client(role, known[role], ("user/*.cruds",), (role,)) for role in PEOPLE]
    return {
        found.client_id: found
        for found in (_client("clinic", known["clinic"], CLINIC_SCOPES, ()), *people)
    }


def _client(name: str, secret: str, scopes: tuple[str, ...], roles: tuple[str, ...]) -> Client:
    return Client(
        client_id=name,
        secret=SecretStr(secret),
        tenant_id=DEMO_TENANT_ID,
        scopes=scopes,
        roles=roles,
    )
