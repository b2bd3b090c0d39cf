"""The kinds of code sets: what each is, who may bring it, how it is loaded, and what must be true
of a file before it becomes a release."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from coding_svc.codebook.files import Source


@dataclass(frozen=True, slots=True)
class Loading:
    """What a loader is given besides the files."""

    label: str
    """The owner's name of the release: `2026-04`, `v323r0`, `2026q3`."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Said on the command line where the file does not say it, such as `setting=practitioner`."""


Loader = Callable[[sqlite3.Connection, Sequence[Source], Loading], None]
"""Fills the tables of a new database from the sources. Raises `LoadRefused`."""
Check = Callable[[sqlite3.Connection], Sequence[str]]
"""What is wrong with the tables as loaded; sentences."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One code set."""

    name: str
    summary: str
    capability: str
    """What the product can do with it, said when it is missing."""
    published_as: str
    """The file to bring."""
    licence: Literal["public", "operator"]
    """`public` may be shipped; `operator` must be brought by who has the licence."""
    schema: str
    load: Loader
    counted: str
    """The table whose rows count."""
    rows_min: int
    rows_max: int
    check: Check | None = None
    suffixes: frozenset[str] = frozenset({".txt", ".csv", ".tsv", ".tab", ".xlsx"})


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Two kinds with one name fail at import."""
    if kind.name in _kinds:
        raise TypeError(f"{kind.name}: two kinds of code sets have this name")
    _kinds[kind.name] = kind
    return kind


def kinds() -> Mapping[str, Kind]:
    """Every kind by its name."""
    from coding_svc.codebook import loaders  # noqa: PLC0415 - they register themselves

    assert loaders  # noqa: S101 - imported for what it registers
    return MappingProxyType(_kinds)
