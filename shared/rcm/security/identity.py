"""Which patient an outside number means: the same id in every service, without asking one."""

from dataclasses import dataclass
from uuid import UUID

from rcm.ids import derived_id
from rcm.security.seal import Keyring

PURPOSE = "patient.external_id"


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """A patient's id, and the blind index that finds the sealed number."""

    patient_id: UUID
    external_id_index: bytes


def identify_patient(keyring: Keyring, tenant_id: UUID, external_id: str) -> PatientIdentity:
    """The id comes from the blind index, which only the tenant's key can make: it tells nothing
    about the number, and the same number is the same patient everywhere."""
    index = keyring.blind_index(tenant_id, PURPOSE, external_id)
    return PatientIdentity(derived_id(tenant_id, "patient", index.hex()), index)
