"""What auditors of payers look at, as data: each pack picks a population by the desk's criteria.
After the work plans and toolkits that HHS-OIG publishes; the bare code numbers are facts."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from coding_svc.domain.desk.criteria import Criteria

FILE = Path(__file__).parent / "packs.json"


@dataclass(frozen=True, slots=True)
class Pack:
    """One subject of audits."""

    code: str
    title: str
    criteria: Criteria


@cache
def packs() -> dict[str, Pack]:
    """All by their code."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {each["code"]: Pack(each["code"], each["title"], _criteria(each)) for each in found}


def _criteria(each: dict[str, dict[str, object]]) -> Criteria:
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in each["criteria"].items()
    }
    return Criteria(**given)  # type: ignore[arg-type]
