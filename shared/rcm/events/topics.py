"""Topics: created where missing, compared where present, never changed behind anyone's back."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from rcm.contracts import topics
from rcm.events.subscriptions import Subscriptions

DAY_MS = 24 * 60 * 60 * 1000
REPLICAS = 3
# Inbox months are kept longer than both: a record is still known while it can be read again.
EVENTS_KEPT_DAYS, LETTERS_KEPT_DAYS = 30, 90


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting of one topic that is not as declared."""

    topic: str
    setting: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class TopicReport:
    """Names are without the installation's prefix."""

    created: tuple[str, ...]
    present: tuple[str, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """What a topic should be."""

    name: str
    partitions: int
    settings: Mapping[str, str]


def dead_letter_topic(topic: str, consumer: str) -> str:
    """Where a consumer's dead letters of a topic go."""
    return f"{topic}.{consumer}.dlq"


def planned(subscriptions: Iterable[Subscriptions] = ()) -> tuple[TopicPlan, ...]:
    """Every declared topic, and a dead letter topic for each one that somebody listens to."""
    plans = [
        TopicPlan(
            topic.name,
            topic.partitions,
            {"cleanup.policy": "delete", "retention.ms": str(EVENTS_KEPT_DAYS * DAY_MS)},
        )
        for topic in topics().values()
    ]
    letters = {
        dead_letter_topic(topic.name, found.consumer): topic.partitions
        for found in subscriptions
        for topic in found.topics
    }
    settings = {
        "cleanup.policy": "delete",
        "retention.ms": str(LETTERS_KEPT_DAYS * DAY_MS),
        # A letter is its record and the reasons.
        "max.message.bytes": str(2 * 1024 * 1024),
    }
    plans += [TopicPlan(name, partitions, settings) for name, partitions in letters.items()]
    return tuple(plans)


async def compare_topics(
    bootstrap: str, prefix: str = "", *, subscriptions: Iterable[Subscriptions] = ()
) -> TopicReport:
    """What `ensure_topics` would create, and what differs; changes nothing."""
    async with admin(bootstrap) as client:
        return await _report(client, prefix, planned(subscriptions))


async def ensure_topics(
    bootstrap: str, prefix: str = "", *, subscriptions: Iterable[Subscriptions] = ()
) -> TopicReport:
    """Create the missing ones; report what differs in the others. Raises KafkaError when the
    broker does not answer or refuses."""
    plans = planned(subscriptions)
    async with admin(bootstrap) as client:
        report = await _report(client, prefix, plans)
        missing = [plan for plan in plans if plan.name in report.created]
        if missing:
            await _create(client, prefix, missing)
    return report


async def _report(
    client: AIOKafkaAdminClient, prefix: str, plans: Sequence[TopicPlan]
) -> TopicReport:
    there = set(await client.list_topics())
    missing = [plan for plan in plans if prefix + plan.name not in there]
    present = [plan for plan in plans if prefix + plan.name in there]
    differences = await _compare(client, prefix, present) if present else []
    return TopicReport(
        tuple(plan.name for plan in missing),
        tuple(plan.name for plan in present),
        tuple(differences),
    )


@contextlib.asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=15_000)
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def _create(client: AIOKafkaAdminClient, prefix: str, plans: Sequence[TopicPlan]) -> None:
    cluster = await client.describe_cluster()
    replicas = min(REPLICAS, len(cluster["brokers"]))
    # With three replicas an acknowledged record survives the loss of any one broker.
    safety = {"min.insync.replicas": str(max(1, replicas - 1))}
    answer = await client.create_topics(
        [
            NewTopic(
                prefix + plan.name,
                plan.partitions,
                replicas,
                topic_configs={**plan.settings, **safety},
            )
            for plan in plans
        ]
    )
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        # Another process of the service may have been first.
        if code and error is not TopicAlreadyExistsError:
            raise error(name) if issubclass(error, KafkaError) else KafkaError(name)


async def _compare(
    client: AIOKafkaAdminClient, prefix: str, plans: Sequence[TopicPlan]
) -> list[Difference]:
    described = {
        found["topic"]: len(found["partitions"])
        for found in await client.describe_topics([prefix + plan.name for plan in plans])
    }
    resources = [ConfigResource(ConfigResourceType.TOPIC, prefix + plan.name) for plan in plans]
    settings: dict[str, dict[str, str]] = {}
    for answer in await client.describe_configs(resources):
        for _, _, _, name, entries in answer.resources:
            settings[name] = {entry[0]: entry[1] for entry in entries}
    differences: list[Difference] = []
    for plan in plans:
        name = prefix + plan.name
        wanted = {"partitions": str(plan.partitions), **plan.settings}
        found = {"partitions": str(described.get(name, 0)), **settings.get(name, {})}
        differences += [
            Difference(plan.name, setting, value, found.get(setting, ""))
            for setting, value in wanted.items()
            if found.get(setting) != value
        ]
    return differences
