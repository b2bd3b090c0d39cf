"""What an event is: a frozen value with a topic, a key, and at most one sealed person block."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

# Fixed for the life of a topic: adding partitions moves keys and breaks their order.
PARTITIONS = 12

V = TypeVar("V", bound=BaseModel)


class Value(BaseModel):
    """A part of an event. Frozen; ignores unknown fields, so old readers outlive additions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic: `<domain>.<entity>.v<major>`, written by its owning service only."""

    name: str
    owner: str
    description: str
    partitions: int = PARTITIONS

    @property
    def aggregate_type(self) -> str:
        """What the key identifies, such as `claims.claim`."""
        return self.name.rsplit(".v", 1)[0]


@dataclass(frozen=True, slots=True)
class SealedBytes:
    """Ciphertext as it travels: the key's id in the clear, AES-256-GCM nonce + ciphertext + tag."""

    key_id: str
    data: bytes


class Sealed(Generic[V]):
    """A person block. The producer puts a value in; publishing seals it; the consumer holds only
    ciphertext until it opens it with the keyring (`Received.open`). Its repr shows neither."""

    __slots__ = ("sealed", "value")

    def __init__(self, value: V | None = None, sealed: SealedBytes | None = None) -> None:
        if (value is None) == (sealed is None):
            raise ValueError("a person block is either open or sealed")
        self.value = value
        self.sealed = sealed

    def __repr__(self) -> str:
        return "Sealed(open)" if self.value is not None else "Sealed(sealed)"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sealed) and self.value == other.value and self.sealed == other.sealed
        )

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """On the wire `{"key_id": ..., "data": "<base64>"}`; an open block is never written."""
        wire = core_schema.typed_dict_schema(
            {
                "key_id": core_schema.typed_dict_field(core_schema.str_schema(max_length=64)),
                # Base64, RFC 4648.
                "data": core_schema.typed_dict_field(core_schema.str_schema(max_length=260_000)),
            }
        )
        from_wire = core_schema.no_info_after_validator_function(_from_wire, wire)
        return core_schema.json_or_python_schema(
            json_schema=from_wire,
            python_schema=core_schema.union_schema(
                [core_schema.is_instance_schema(Sealed), from_wire]
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(
                _to_wire, return_schema=wire
            ),
        )


def _from_wire(found: dict[str, str]) -> Sealed[Any]:
    data = base64.b64decode(found["data"], validate=True)
    return Sealed(sealed=SealedBytes(found["key_id"], data))


def _to_wire(block: Sealed[Any]) -> dict[str, str]:
    if block.sealed is None:
        raise ValueError("an open person block never leaves the process: publish seals it")
    data = base64.b64encode(block.sealed.data).decode("ascii")
    return {"key_id": block.sealed.key_id, "data": data}


class Event(Value):
    """A fact, named in the past tense, published by the owner of its topic.

    `class ClaimHeld(Event, topic=CLAIMS, key="claim_id")`: the key field is the Kafka key, the
    CloudEvents subject and the aggregate whose order is kept. Misuse fails at import.
    """

    tenant_id: UUID

    topic: ClassVar[Topic]
    key_field: ClassVar[str]
    person_field: ClassVar[str | None]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        topic, key = kwargs["topic"], kwargs["key"]
        if key not in cls.model_fields:
            raise TypeError(f"{cls.__name__}: key field {key!r} does not exist")
        sealed = [
            name
            for name, found in cls.model_fields.items()
            if isinstance(getattr(found.annotation, "__origin__", None), type)
            and issubclass(found.annotation.__origin__, Sealed)  # type: ignore[union-attr]
        ]
        if len(sealed) > 1:
            raise TypeError(f"{cls.__name__}: an event has at most one person block")
        if cls.__name__ in _event_types:
            raise TypeError(f"{cls.__name__}: two events have this name")
        cls.topic, cls.key_field = topic, key
        cls.person_field = sealed[0] if sealed else None
        if _topics.setdefault(topic.name, topic) != topic:
            raise TypeError(f"{topic.name}: declared twice, differently")
        _event_types[cls.__name__] = cls

    @classmethod
    def __init_subclass__(cls, *, topic: Topic, key: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @property
    def key(self) -> str:
        """The aggregate's id as text: never a person's name or number."""
        return str(getattr(self, self.key_field))

    def with_sealed(self, sealed: SealedBytes) -> Self:
        """This event with its person block as ciphertext."""
        assert self.person_field is not None  # noqa: S101 - the caller looked
        return self.model_copy(update={self.person_field: Sealed[Any](sealed=sealed)})


_topics: dict[str, Topic] = {}
_event_types: dict[str, type[Event]] = {}


def topics() -> Mapping[str, Topic]:
    """Every declared topic by name. The single source of topics, schemas and AsyncAPI."""
    return MappingProxyType(_topics)


def event_types() -> Mapping[str, type[Event]]:
    """Every event class by its name, which is its `ce_type`."""
    return MappingProxyType(_event_types)
