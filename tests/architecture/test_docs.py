"""Documents keep their word: links lead somewhere, decisions say what enforces them."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
HEADINGS = ["Context", "Decision", "Consequences", "Enforced by"]


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return [ROOT / name for name in listed]


def dead_links(page: Path, text: str) -> list[str]:
    targets = [target for target in LINK.findall(text) if "://" not in target]
    return [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page, page.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_caught() -> None:
    assert dead_links(ROOT / "README.md", "[a](docs/nowhere.md)") == ["docs/nowhere.md"]


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs/decisions").glob("0*.md")), ids=lambda p: p.stem
)
def test_a_decision_says_why_what_and_what_enforces_it(page: Path) -> None:
    found = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert found == HEADINGS
