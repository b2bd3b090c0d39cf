"""`make bench-x12`: the codec beside bare loops, oxedi, x12sdk and pyx12, all in one run.

    python -m bench.x12                     every part
    python -m bench.x12 read faults         some of them

Only ratios within one run count: machines are shared and noisy.
"""

import sys
from collections.abc import Callable

from rich.console import Console

from bench import x12_835, x12_check, x12_claims, x12_faults, x12_memory

PARTS: dict[str, Callable[[Console], None]] = {
    "read": x12_835.measure,
    "memory": x12_memory.measure,
    "check": x12_check.measure,
    "write": x12_claims.measure,
    "faults": x12_faults.measure,
}


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        raise SystemExit(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    console = Console(width=110)
    for name in chosen:
        console.rule(name)
        PARTS[name](console)


if __name__ == "__main__":
    main()
