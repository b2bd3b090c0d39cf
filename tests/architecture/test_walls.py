"""The import walls stand, and each one catches a deliberate breach in a copy of the sources."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).parent / "lint-imports"

BREACHES = [
    ("services-are-independent", "services/claims-svc/claims_svc/app.py", "import coding_svc"),
    ("shared-knows-no-service", "shared/rcm/money.py", "import claims_svc"),
    ("x12-stands-alone", "shared/rcm_x12/tokenizer.py", "import rcm.money"),
    ("x12-is-spoken-at-the-edge", "services/claims-svc/claims_svc/app.py", "import rcm_x12"),
    ("only-events-touch-kafka", "services/coding-svc/coding_svc/handlers.py", "import aiokafka"),
    ("domain-does-no-io", "services/claims-svc/claims_svc/domain/__init__.py", "import asyncpg"),
    (
        "rooms-are-layers",
        "services/claims-svc/claims_svc/storage/__init__.py",
        "import claims_svc.api",
    ),
]
NAMES = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources alone, importable by path, so that a breach never touches the checkout."""
    for part in ("shared", "services", "deploy", "pyproject.toml"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    members = [
        "shared",
        *map(str, Path(root).glob("services/*")),
        "deploy/local",
        "deploy/payer-twin",
    ]
    path = ":".join(str(root / member) for member in members)
    return subprocess.run(
        [str(LINTER), "--config", "pyproject.toml", "--no-cache"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_walls_stand(copy: Path) -> None:
    outcome = lint(copy)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(("wall", "file", "breach"), BREACHES, ids=[b[0] for b in BREACHES])
def test_each_wall_catches_its_breach(copy: Path, wall: str, file: str, breach: str) -> None:
    target = copy / file
    text = target.read_text(encoding="utf-8")
    target.write_text(f"{text}\n{breach}\n", encoding="utf-8")
    outcome = lint(copy)
    assert outcome.returncode != 0, f"{wall} let it pass"
    # A long name goes over two lines.
    assert f"{NAMES[wall]} BROKEN" in " ".join(outcome.stdout.split())


def test_each_wall_has_its_breach() -> None:
    assert {wall for wall, _, _ in BREACHES} == set(NAMES)
