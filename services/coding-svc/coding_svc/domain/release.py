"""A release of a code set: what it is, and its file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

OF_THIS_LAYOUT = ".v2-"
"""In every file's name. A change of the tables raises it: releases of an older layout are then no
longer seen, and are loaded again from their files."""


@dataclass(frozen=True, slots=True)
class Release:
    """One immutable release. It answers for dates of service from `effective_from` until the next
    release of its kind begins."""

    kind: str
    label: str
    effective_from: date
    sha256: str
    source_names: tuple[str, ...]
    row_count: int
    loaded_at: datetime

    @property
    def release_id(self) -> UUID:
        """Made of the content: the same files loaded anywhere are the same release."""
        return UUID(self.sha256[:32])

    def as_meta(self) -> Iterator[tuple[str, str]]:
        yield "kind", self.kind
        yield "label", self.label
        yield "effective_from", self.effective_from.isoformat()
        yield "sha256", self.sha256
        yield "source_names", "\n".join(self.source_names)
        yield "row_count", str(self.row_count)
        yield "loaded_at", self.loaded_at.isoformat()

    @classmethod
    def of_meta(cls, meta: dict[str, str]) -> "Release":
        return cls(
            kind=meta["kind"],
            label=meta["label"],
            effective_from=date.fromisoformat(meta["effective_from"]),
            sha256=meta["sha256"],
            source_names=tuple(meta["source_names"].split("\n")),
            row_count=int(meta["row_count"]),
            loaded_at=datetime.fromisoformat(meta["loaded_at"]),
        )


def name_of(release: Release) -> str:
    """The file on the shelf."""
    return f"{release.kind}{OF_THIS_LAYOUT}{release.release_id}.sqlite"
