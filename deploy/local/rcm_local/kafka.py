"""Apache Kafka as a direct child: broker and controller in one Java process, up in 3 seconds."""

import asyncio
import base64
import contextlib
import os
import shutil
import struct
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from rcm_local import jars, ports
from rcm_local.children import Child
from rcm_local.problems import LocalProblem
from rcm_local.unprivileged import Command

START_TIMEOUT_S = 90.0
LOGGING = Path(__file__).with_name("kafka_log4j2.properties")
# The broker is short-lived and small here: the quick compiler and the plain collector start faster.
JAVA_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")

SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    # A topic exists because it is declared, never because somebody mistyped its name.
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker may register again once its old session ran out; nine seconds by default.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "log.segment.bytes": "16777216",
}


class EmbeddedKafka:
    """One broker with its data under `directory`; the ports stay the same for life."""

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        log: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory.resolve()
        self.port = port or ports.choose()
        self._controller_port = ports.choose(taken=(self.port,))
        self._data = self.directory / "data"
        self._configuration = self.directory / "server.properties"
        self._settings = settings or {}
        self._log = log or self.directory / "server.log"
        self._child: Child | None = None

    name = "kafka"

    @property
    def address(self) -> str:
        return self.bootstrap

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def child(self) -> Child:
        """The Java process. Resolves the jars the first time that it is asked for."""
        if self._child is None:
            self._child = Child("kafka", self._java("kafka.Kafka"), log=self._log)
        return self._child

    async def start(self) -> str:
        """Format the data directory where there is none, start, wait for an answer; the address."""
        self.directory.mkdir(parents=True, exist_ok=True)
        child = await asyncio.to_thread(lambda: self.child)
        await child.reap_leftover()
        self._configuration.write_text(self._properties())
        if not (self._data / "meta.properties").exists():
            await asyncio.to_thread(self._format)
        child.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not await answers(self.bootstrap):
            if time.monotonic() >= deadline or not child.running:
                await child.kill()
                raise LocalProblem(child.obituary())
            await asyncio.sleep(0.05)
        return self.bootstrap

    async def stop(self) -> None:
        """A clean end, within 15 seconds."""
        if self._child is not None:
            await self._child.stop(15.0)

    async def kill(self) -> None:
        """`kill -9`."""
        if self._child is not None:
            await self._child.kill()

    async def restart(self) -> str:
        """Stop cleanly and start again on the same port with the same data."""
        await self.stop()
        return await self.start()

    async def wipe(self) -> None:
        """End it and delete everything that it stored; the next start is a new, empty cluster."""
        await self.kill()
        await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)

    async def answers(self) -> bool:
        """Whether it serves requests now."""
        return await answers(self.bootstrap)

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    def obituary(self) -> str:
        return self.child.obituary()

    def _java(self, program: str, *words: str) -> Command:
        options = (*JAVA_OPTIONS, f"-Dlog4j2.configurationFile={LOGGING}")
        class_path = os.pathsep.join(str(jar) for jar in jars.class_path())
        arguments = words or (str(self._configuration),)
        return Command((str(jars.java()), *options, "-cp", class_path, program, *arguments))

    def _properties(self) -> str:
        broker, controller = self.bootstrap, f"127.0.0.1:{self._controller_port}"
        settings = {
            **SETTINGS,
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "log.dirs": str(self._data),
            **self._settings,
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())

    def _format(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # a killed formatting leaves half of it
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = self._java(
            "kafka.tools.StorageTool", "format",
            f"--cluster-id={cluster_id}", f"--config={self._configuration}",
        )  # fmt: skip
        done = subprocess.run(  # noqa: S603 - our own command
            command.words, check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise LocalProblem(f"Kafka could not format {self._data}: {reason}")


async def answers(bootstrap: str) -> bool:
    """Whether a broker serves requests there: it answers ApiVersions, which needs no client."""
    host, _, port = bootstrap.split(",", maxsplit=1)[0].rpartition(":")
    # Length, api key 18, version 0, correlation id 1, no client id.
    request = struct.pack(">ihhih", 10, 18, 0, 1, -1)
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(request)
                _, correlation_id, error_code = struct.unpack(">iih", await reader.readexactly(10))
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
    return (correlation_id, error_code) == (1, 0)
