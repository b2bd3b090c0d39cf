"""What the local stack says of itself, for command lines that are given no addresses."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast


def state_file() -> Path:
    """`stack.json` under `.local`, or under `RCM_LOCAL_DIRECTORY`. The supervisor writes it once
    everything is ready and removes it at the end."""
    return Path(os.environ.get("RCM_LOCAL_DIRECTORY", ".local")) / "stack.json"


def state() -> Mapping[str, Any]:
    """All of it; empty when no stack runs here."""
    try:
        return cast("Mapping[str, Any]", json.loads(state_file().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def environments() -> Mapping[str, Mapping[str, str]]:
    """The settings (`RCM_...`) that each service was started with, by service."""
    return cast("Mapping[str, Mapping[str, str]]", state().get("environments", {}))
