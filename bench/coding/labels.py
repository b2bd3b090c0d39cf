"""The labels: what a coder would code, and must not code, on twenty visit notes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "labels.txt"


@dataclass(frozen=True)
class Label:
    """A line: codes without dots; any of them meets a `must`, what begins so breaks a `not`."""

    is_must: bool
    note_id: str
    codes: tuple[str, ...]
    why: str

    def is_met_by(self, codes: list[str]) -> bool:
        if self.is_must:
            return any(code in self.codes for code in codes)
        return not any(code.startswith(self.codes) for code in codes)


def labels() -> list[Label]:
    return list(_parsed(FILE.read_text(encoding="utf-8")))


def _parsed(text: str) -> Iterator[Label]:
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        kind, note_id, codes, why = (part.strip() for part in line.split("|", 3))
        plain = codes.replace(".", "").replace("-", "").split("/")
        yield Label(kind == "must", note_id, tuple(code.strip() for code in plain), why)
