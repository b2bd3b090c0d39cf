"""What a service listens to and what it does when time passes: the register that `handlers.py`
fills and the consumer and job runner read."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from rcm.clock import Clock
from rcm.contracts.base import Event, Topic
from rcm.db import Database, Tx
from rcm.events.received import Received

Handler = Callable[[Sequence[Received[Any]], Tx], Awaitable[None]]
"""Takes the events of one poll (those of one aggregate in their order) and works on the set."""

H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job may use. It opens its own short transactions, and no call to the outside happens
    inside one."""

    database: Database
    tenants: tuple[UUID, ...]
    """The active tenants."""
    clock: Clock
    resources: Any
    """What the service gave to `create_service(resources=...)`."""


JobFunction = Callable[[JobContext], Awaitable[None]]
J = TypeVar("J", bound=JobFunction)


@dataclass(frozen=True, slots=True)
class Job:
    """A function that one process of the service runs at a time, `seconds` after it last ended."""

    name: str
    seconds: float
    function: JobFunction


class Subscriptions:
    """`subscriptions = Subscriptions("claims-svc")`; the name is the consumer group's."""

    def __init__(self, consumer: str) -> None:
        self.consumer = consumer
        self._handlers: dict[type[Event], Handler] = {}
        self._jobs: dict[str, Job] = {}

    def on(self, *events: type[Event]) -> Callable[[H], H]:
        """Handle these events with one `async def handler(batch, tx)`. One handler per event."""
        if not events:
            raise TypeError("on() names at least one event")

        def register(handler: H) -> H:
            # Kept apart from the `if`: the type guard would narrow `handler` away from H.
            is_async: bool = inspect.iscoroutinefunction(handler)
            if not is_async:
                raise TypeError(f"{handler!r}: a handler is an async function")
            for event in events:
                if event in self._handlers:
                    raise TypeError(f"{event.__name__} has two handlers in {self.consumer}")
                self._handlers[event] = handler
            return handler

        return register

    def every(self, *, seconds: float) -> Callable[[J], J]:
        """Run `async def job(context)` again and again, by one process at a time."""
        if seconds <= 0:
            raise ValueError("a job waits a positive number of seconds")

        def register(function: J) -> J:
            if function.__name__ in self._jobs:
                raise TypeError(f"{function.__name__}: two jobs have this name")
            self._jobs[function.__name__] = Job(function.__name__, seconds, function)
            return function

        return register

    @property
    def handlers(self) -> Mapping[type[Event], Handler]:
        return MappingProxyType(self._handlers)

    @property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(self._jobs.values())

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics of the handled events, by name."""
        found = {event.topic.name: event.topic for event in self._handlers}
        return tuple(found[name] for name in sorted(found))
