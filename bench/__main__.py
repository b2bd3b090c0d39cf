"""`python -m bench [PART...]`: runs the parts on servers of their own and prints ratios to floors.

Only ratios within one run count: machines are shared and noisy. `RCM_STACK=external` measures
servers that are already there.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console

from bench import claims, costs, events, ledger
from rcm_local import providers

Part = Callable[[Console, providers.Addresses], Awaitable[None]]

PARTS: dict[str, Part] = {
    "events": events.main,
    "latency": events.latency,
    "costs": costs.measure,
    "ledger": ledger.main,
    "claims": claims.main,
}


async def run(names: list[str]) -> None:
    console = Console(width=110)
    directory = Path(tempfile.mkdtemp(prefix="rcm-bench-"))
    directory.chmod(0o711)
    provider = providers.open_provider(providers.chosen(), directory, lasting=False)
    try:
        addresses = await provider.start()
        for name in names:
            console.rule(name)
            await PARTS[name](console, addresses)
    finally:
        await provider.stop()
        shutil.rmtree(directory, ignore_errors=True)


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        raise SystemExit(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    asyncio.run(run(chosen))


main()
