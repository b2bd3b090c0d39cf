"""Files that once broke a property stay kept, and break none any more."""

from pathlib import Path

import pytest
import x12_targets

KEPT = Path(__file__).parents[2] / "fuzz" / "crashers"
FILES = sorted(path for path in KEPT.rglob("*") if path.is_file() and path.parent != KEPT)


@pytest.mark.parametrize("path", FILES, ids=[f"{p.parent.name}-{p.name[:20]}" for p in FILES])
def test_a_kept_file_breaks_nothing(path: Path) -> None:
    content = path.read_bytes()
    for target in x12_targets.TARGETS.values():
        x12_targets.holds(target, content)


@pytest.mark.parametrize("name", x12_targets.TARGETS)
@pytest.mark.parametrize("kind", x12_targets.seeds())
def test_every_property_holds_of_a_valid_file_of_any_kind(name: str, kind: str) -> None:
    x12_targets.holds(x12_targets.TARGETS[name], x12_targets.seeds()[kind])


def test_a_property_that_does_not_hold_is_caught() -> None:
    def breaks(content: bytes) -> None:
        content.decode("ascii")

    with pytest.raises(UnicodeDecodeError):
        x12_targets.holds(breaks, b"\xff")
