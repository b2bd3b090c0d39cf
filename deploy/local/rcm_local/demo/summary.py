"""What the demo says at its end: claims, cents, topics, books, and where to look next."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rcm.events.operator import broker
from rcm.ledger.cli import results_table
from rcm.ledger.invariants import verify
from rcm.money import dollars
from rcm_local.demo.practice import Body

CONSUMERS = ("claims-svc", "payer-gateway", "patient-billing-svc")


def claims_table(before: Body, after: Body) -> Table:
    """This run's claims by status and outcome, with their money."""
    table = Table(title="Claims by outcome", title_justify="left", box=None)
    table.add_column("status")
    table.add_column("outcome")
    for heading in ("claims", "charged", "paid", "adjusted", "patient owes", "payer owes"):
        table.add_column(heading, justify="right")
    old = {(row["status"], row["outcome"]): row for row in before["items"]}
    total = [0] * 6
    for row in after["items"]:
        found = _figures(row)
        known = old.get((row["status"], row["outcome"]))
        figures = [new - was for new, was in zip(found, _figures(known), strict=True)]
        if any(figures):
            table.add_row(row["status"], row["outcome"], *_shown(figures))
            total = [one + more for one, more in zip(total, figures, strict=True)]
    table.add_section()
    table.add_row("[bold]all[/]", "", *_shown(total))
    return table


def _figures(row: Body | None) -> list[int]:
    if row is None:
        return [0] * 6
    return [
        row["claims"],
        row["charge_cents"],
        row["paid_cents"],
        row["contractual_cents"] + row["other_adjustment_cents"],
        row["patient_responsibility_cents"],
        row["insurance_balance_cents"],
    ]


def _shown(figures: Sequence[int]) -> list[str]:
    return [f"{figures[0]:,}", *(dollars(cents) for cents in figures[1:])]


def accounts_line(accounts: Body) -> str:
    """Patients' accounts, over all runs."""
    return (
        f"Patients' accounts: {accounts['account_count']:,}, of which "
        f"{accounts['owing_account_count']:,} owe {dollars(accounts['receivable_cents'])} in all."
    )


async def topics_table(bootstrap: str) -> tuple[Table, int]:
    """Records and lag per topic and consumer, and the whole lag."""
    table = Table(title="Topics", title_justify="left", box=None)
    for heading in ("topic", "consumer"):
        table.add_column(heading)
    for heading in ("records", "lag"):
        table.add_column(heading, justify="right")
    behind = 0
    for group in sorted(await broker.groups(bootstrap, "")):
        by_topic: dict[str, list[broker.Lag]] = {}
        for lag in await broker.lags(bootstrap, group):
            by_topic.setdefault(lag.topic, []).append(lag)
        for topic, found in sorted(by_topic.items()):
            lag_of_topic = sum(lag.behind for lag in found)
            behind += lag_of_topic
            records = sum(lag.end for lag in found)
            table.add_row(topic, group, f"{records:,}", f"{lag_of_topic:,}")
    return table, behind


async def books_verified(databases: Mapping[str, str], console: Console) -> bool:
    """Check every invariant of the ledgers; say so in a line, or show what is wrong."""
    results = await verify(databases)
    if results and all(result.holds for result in results):
        checked = sum(result.found.checked for result in results)
        codes = len({result.code for result in results})
        console.print(
            f"[green]✓ The books verify[/]: {codes} invariants over {len(databases)} ledgers, "
            f"{checked:,} things checked, nothing off by a cent."
        )
        return True
    console.print(results_table(results))
    console.print("[red]✗ The books do not verify.[/]")
    return False


def next_steps(urls: Mapping[str, str]) -> Table:
    """Where to look while the stack is up."""
    command = "rcm" if shutil.which("rcm") else os.path.relpath(Path(sys.executable).parent / "rcm")
    table = Table(title="Where to look next", title_justify="left", box=None, show_header=False)
    for what, where in (
        ("claims, newest first", f"{urls['claims-svc']}/claims"),
        ("what one claim went through", f"{urls['claims-svc']}/claims/<claim_id>/history"),
        ("X12 files sent and received", f"{urls['payer-gateway']}/interchanges"),
        ("patients' accounts", f"{urls['patient-billing-svc']}/accounts"),
        ("the payer's outcome table", f"{urls['payer-twin']}/scenarios"),
        ("a token for these", f"{urls['identity']}/token, secrets in .local/identity"),
        ("events as they pass", f"{command} events tail claims.claim.v1"),
        ("the books again", f"{command} books verify"),
        ("everything's health", f"{command} status"),
    ):
        table.add_row(f"  {what}", where)
    return table
