"""A second opinion on a file of claims, in a process of its own.

pyx12 is slow and may crash on odd files: so it gets a process and a time limit, and of what it says
only codes and places come back. What it says of no claim at all is advice that we do not take: it
knows the guides' own examples as wrong.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from payer_gateway.clearinghouse.transport import PartnerUnavailable
from payer_gateway.domain.outbound import Refusal, Verdict
from rcm.contracts.values import Finding

MODULE = "payer_gateway.clearinghouse.second_opinion"
# Nothing else of a partner is sent meanwhile.
TIME_LIMIT_S = 45.0
FINDINGS_PER_CLAIM = 20


async def second_opinion(content: bytes) -> Verdict:
    """Raises `PartnerUnavailable` when none is to be had: the file then waits, and the partner's
    page says why."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        MODULE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(TIME_LIMIT_S):
            said, _ = await process.communicate(content)
    except TimeoutError:
        raise PartnerUnavailable("no second opinion in time") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise PartnerUnavailable("no second opinion: pyx12 failed")
    return _verdict(content, json.loads(said))


def _verdict(content: bytes, found: list[Mapping[str, Any]]) -> Verdict:
    owners = owners_of(content)
    blocking: dict[str, list[Finding]] = {}
    for each in found:
        place = int(each["place"])
        owner = owners[place - 1] if 0 < place <= len(owners) else ""
        kept = blocking.setdefault(owner, [])
        if owner and len(kept) < FINDINGS_PER_CLAIM:
            kept.append(
                Finding(
                    code=str(each["code"]),
                    message="the second opinion finds this place wrong",
                    location=each["segment"],
                )
            )
    blocking.pop("", None)
    return Verdict({owner: Refusal(tuple(kept)) for owner, kept in blocking.items()})


def owners_of(content: bytes) -> list[str]:
    """CLM01 of the claim that each segment belongs to: what stands before a CLM since the last
    hierarchical level is about that claim too."""
    owners: list[str] = []
    owner, open_since = "", 0
    for position, segment in enumerate(content.decode("latin-1").split("~")):
        name, _, rest = segment.strip().partition("*")
        if name in {"ISA", "GS", "ST", "HL", "SE", "GE", "IEA"}:
            owner, open_since = "", position
        owners.append(owner)
        if name == "CLM":
            owner = rest.split("*", 1)[0]
            if owners[position - 1] == "":
                owners[open_since:] = [owner] * (position + 1 - open_since)
            owners[position] = owner
    return owners


def _main() -> None:
    """In the process: a file from standard input, places and codes to standard output. Exit 1 when
    the validator has no opinion: it does not know the guide, or fell over the file."""
    from payer_gateway.second_opinion import second_opinion as ask  # noqa: PLC0415 - slow to import

    found = ask(sys.stdin.buffer.read())
    if any(each.code.startswith("validator-") for each in found):
        raise SystemExit(1)
    told = [
        {"place": each.position, "segment": each.segment_id, "code": each.code} for each in found
    ]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    _main()
