"""What the services find when they start: databases, schemas, tenants, keys, topics."""

import asyncio
import importlib
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from uuid import UUID

from rcm.db import Database
from rcm.events.topics import ensure_topics
from rcm.migrations import DatabaseUrls, provision
from rcm.security.audit import Signer
from rcm.security.kek import key_of, make_key_file
from rcm.security.seal import FileKeyring
from rcm.security.tenants import register
from rcm.service import Service
from rcm_local.problems import LocalProblem
from rcm_local.secret_files import read_or_make

PACKAGES = ("coding_svc", "claims_svc", "payer_gateway", "patient_billing_svc")


@dataclass(frozen=True, slots=True)
class Keys:
    """The tenants' keys, the key that wraps them, the key that signs the audit, and secrets."""

    keyring_file: Path
    kek_file: Path
    audit_signing_key_file: Path
    database_password: str = field(repr=False)
    payer_twin_token: str = field(repr=False)


def services() -> dict[str, Service]:
    """The services by package, as each declares itself."""
    return {
        package: cast("Service", importlib.import_module(f"{package}.app").service)
        for package in PACKAGES
    }


def make_keys(
    directory: Path, tenants: Sequence[UUID], *, database_password: str | None = None
) -> Keys:
    """Every key that the stack needs, with tenant keys for the tenants; what exists is kept. The
    databases' password is ours unless one is given."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    words = read_or_make(
        directory / "secrets.json",
        lambda: {name: secrets.token_urlsafe(24) for name in ("database", "payer_twin")},
    )
    keys = Keys(
        keyring_file=directory / "keyring.json",
        kek_file=directory / "kek",
        audit_signing_key_file=directory / "audit.pem",
        database_password=database_password or words["database"],
        payer_twin_token=words["payer_twin"],
    )
    if not keys.kek_file.exists():
        make_key_file(keys.kek_file)
    if not keys.audit_signing_key_file.exists():
        Signer.create(keys.audit_signing_key_file)
    keyring = FileKeyring.create(keys.keyring_file, key_of(f"file:{keys.kek_file}"))
    for tenant_id in tenants:
        keyring.add_tenant(tenant_id)
    return keys


async def make_database(
    admin_url: str, service: Service, *, keys: Keys, tenants: Mapping[UUID, str]
) -> DatabaseUrls:
    """The service's database at its newest schema, with the tenants in it."""
    urls = await provision(admin_url, service.name, password=keys.database_password)
    await service.migrate(urls.owner)
    database = Database(urls.app, application_name="rcm up", pool_size=1)
    try:
        for tenant_id, name_code in tenants.items():
            await register(database, tenant_id, name_code=name_code)
    finally:
        await database.close()
    return urls


async def make_codes(directory: Path, *, log: Path) -> None:
    """The code sets that ship with the product, where they are not built yet. In a process of its
    own: it takes seconds of a core that the servers' start leaves idle."""
    words = (sys.executable, "-m", "coding_svc.codebook.starter", str(directory))
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(*words, stdout=output, stderr=output)
        if await process.wait():
            raise LocalProblem(f"the code sets could not be built: see {log}")


async def make_topics(bootstrap: str, declared: Sequence[Service]) -> None:
    """Every declared topic, and the services' dead letter topics."""
    await ensure_topics(bootstrap, subscriptions=[service.subscriptions for service in declared])
