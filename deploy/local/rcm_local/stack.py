"""The whole local stack: what runs, in which order it comes up, and what each part is told."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from rcm.migrations import DatabaseUrls
from rcm.service import Service
from rcm_local import clients, ports, providers, provision
from rcm_local.children import Child
from rcm_local.home import Home
from rcm_local.provision import Keys
from rcm_local.supervisor import HttpProcess, Listener, Supervisor, together
from rcm_local.unprivileged import Command

HOST = "127.0.0.1"
HTTP_PARTS = (
    "identity",
    "coding-svc",
    "claims-svc",
    "payer-gateway",
    "patient-billing-svc",
    "payer-twin",
)
TWIN_DOORS = {"payer-twin-sftp": "sftp", "payer-twin-core": "https"}
"""Further doors of the payer twin, and how each is spoken to."""
BOOKS = ("claims-svc", "patient-billing-svc")
TENANTS = {clients.DEMO_TENANT_ID: clients.DEMO_TENANT_CODE}


@dataclass(slots=True, eq=False)
class Stack:
    """One stack in one directory. `open_stack` starts it and stops it."""

    home: Home
    provider: providers.Provider
    supervisor: Supervisor
    keys: Keys
    ports: dict[str, int]
    databases: dict[str, DatabaseUrls] = field(default_factory=dict)
    interpreter: Mapping[str, str] = field(default_factory=dict)
    """What every Python child is told besides its settings."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings (`RCM_...`) of every service besides those of the stack."""
    _ready: bool = False

    def url(self, name: str) -> str:
        """Where a part, or a further door of one, answers."""
        return f"{TWIN_DOORS.get(name, 'http')}://{HOST}:{self.ports[name]}"

    async def start(self) -> None:
        """Bring everything up; returns when every part says that it is ready."""
        importing = asyncio.ensure_future(asyncio.to_thread(provision.services))
        await together(
            self._start_postgres(importing),
            self._start_kafka(importing),
            self.supervisor.start(self._identity(), self._payer_twin()),
            provision.make_codes(self.codes_dir, log=self.home.log("codes")),
        )
        declared = await importing
        await self.supervisor.start(
            *(self._service(package, service.name) for package, service in declared.items())
        )
        self._ready = True
        self.write_state()

    @property
    def codes_dir(self) -> Path:
        """Releases of code sets. They are the same for everyone, so stacks may share them."""
        return Path(os.environ.get("RCM_CODES_DIR") or self.home.root / "codes")

    def write_state(self) -> None:
        """Tell other processes what runs and where, once all of it does."""
        if self._ready:
            self.home.write_state(self.state())

    def state(self) -> dict[str, Any]:
        """What runs and where; holds passwords."""
        return {
            "pid": os.getpid(),
            "provider": self.provider.name,
            "postgres_admin_url": self.provider.postgres.address,
            "kafka_bootstrap": self.provider.kafka.address,
            "payer_twin_token": self.keys.payer_twin_token,
            "urls": {name: self.url(name) for name in self.ports},
            "states": self.supervisor.states,
            # The superuser's, who alone sees the books of all tenants at once.
            "books": {name: self._as_superuser(name) for name in BOOKS if name in self.databases},
            "environments": {name: self._service_environment(name) for name in self.databases},
        }

    def _as_superuser(self, service: str) -> str:
        database = urlsplit(self.databases[service].app).path
        return urlunsplit(urlsplit(self.provider.postgres.address)._replace(path=database))

    async def _start_postgres(self, importing: "asyncio.Future[dict[str, Service]]") -> None:
        await self.supervisor.start(self.provider.postgres)
        # One after the other: Alembic keeps the migration that it is in per process.
        for service in (await asyncio.shield(importing)).values():
            self.databases[service.name] = await provision.make_database(
                self.provider.postgres.address, service, keys=self.keys, tenants=TENANTS
            )

    async def _start_kafka(self, importing: "asyncio.Future[dict[str, Service]]") -> None:
        await self.supervisor.start(self.provider.kafka)
        declared = await asyncio.shield(importing)
        await provision.make_topics(self.provider.kafka.address, tuple(declared.values()))

    def _service(self, package: str, name: str) -> HttpProcess:
        return self._python(package, name, self._service_environment(name), ready="/startupz")

    def _identity(self) -> HttpProcess:
        directory = self.home.root / "identity"
        return self._python(
            "rcm_local.identity",
            "identity",
            {
                "RCM_PORT": str(self.ports["identity"]),
                "RCM_ISSUER": self.url("identity"),
                "RCM_IDENTITY_DIRECTORY": str(directory),
            },
            ready="/jwks",
        )

    def _payer_twin(self) -> HttpProcess:
        return self._python(
            "payer_twin",
            "payer-twin",
            {
                "PAYER_TWIN_HOST": HOST,
                "PAYER_TWIN_PORT": str(self.ports["payer-twin"]),
                "PAYER_TWIN_SFTP_PORT": str(self.ports["payer-twin-sftp"]),
                "PAYER_TWIN_CORE_PORT": str(self.ports["payer-twin-core"]),
                "PAYER_TWIN_DATA_DIR": str(self.home.root / "payer-twin"),
                "PAYER_TWIN_TOKEN": self.keys.payer_twin_token,
            },
            ready="/healthz",
        )

    def _service_environment(self, name: str) -> dict[str, str]:
        urls = self.databases[name]
        return {
            "RCM_ENVIRONMENT": "development",
            "RCM_ROLE": "all",
            "RCM_HOST": HOST,
            "RCM_PORT": str(self.ports[name]),
            "RCM_DATABASE_URL": urls.app,
            "RCM_RELAY_DATABASE_URL": urls.relay,
            "RCM_KAFKA_BOOTSTRAP": self.provider.kafka.address,
            "RCM_KEYRING_FILE": str(self.keys.keyring_file),
            "RCM_KEK": f"file:{self.keys.kek_file}",
            "RCM_ISSUER": self.url("identity"),
            "RCM_JWKS_URL": f"{self.url('identity')}/jwks",
            "RCM_AUDIT_ANCHOR_FILE": str(self.home.root / "audit-anchor.jsonl"),
            "RCM_AUDIT_SIGNING_KEY_FILE": str(self.keys.audit_signing_key_file),
            "RCM_CODES_DIR": str(self.codes_dir),
            **self.settings,
        }

    def _python(
        self, module: str, name: str, environment: Mapping[str, str], *, ready: str
    ) -> HttpProcess:
        child = Child(
            name,
            Command((sys.executable, "-m", module)),
            log=self.home.log(name),
            environment={
                **_inherited(),
                **self.interpreter,
                "RCM_ENVIRONMENT": "development",
                "RCM_HOST": HOST,
                **environment,
            },
            directory=self.home.root,
        )
        return HttpProcess(child, self.url(name) + ready)


@asynccontextmanager
async def open_stack(
    home: Home,
    tell: Listener,
    *,
    on: providers.Name | None = None,
    settings: Mapping[str, str] | None = None,
    lasting: bool = True,
) -> AsyncIterator[Stack]:
    """A running stack; on leaving, also by an exception, nothing of it runs any more. `on` names
    the servers (by default `RCM_STACK` does), `settings` are every service's besides its own. One
    that is not `lasting` leaves the default ports to others and keeps no data in volumes."""
    with home.held():
        # First of all, so that their ports are free again.
        await home.reap_leftovers()
        keys = provision.make_keys(home.root / "keys", tuple(TENANTS))
        provider = providers.open_provider(
            on or providers.chosen(), home.root, logs=home.logs, lasting=lasting
        )
        stack = Stack(
            home,
            provider,
            Supervisor(tell),
            keys,
            ports=_ports(preferred=lasting),
            interpreter=keep_bytecode(home.root / "pycache"),
            settings=settings or {},
        )
        stack.supervisor.on_change = stack.write_state
        try:
            await stack.start()
            yield stack
        finally:
            await asyncio.shield(stack.supervisor.stop())


def _ports(*, preferred: bool) -> dict[str, int]:
    """One for each part that answers HTTP, and for the twin's further doors."""
    chosen: dict[str, int] = {}
    for name in (*HTTP_PARTS, *TWIN_DOORS):
        wanted = ports.PREFERRED[name] if preferred else 0
        chosen[name] = ports.choose(wanted, taken=chosen.values())
    return chosen


def _inherited() -> dict[str, str]:
    """The caller's environment without settings of ours that were meant for something else."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RCM_")}


def keep_bytecode(directory: Path) -> dict[str, str]:
    """Where Python was told to write no bytecode, keep it in a directory of ours: six processes
    import the same thousand modules, and compiling them takes each four seconds. Returns what the
    children's environment needs for it."""
    if not sys.dont_write_bytecode:
        return {}
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(directory)
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(directory)}
