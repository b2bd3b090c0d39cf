"""What became of the notes, told so that a coder can judge it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rich.table import Table

from rcm_local.demo.notes import Became, Outcome

NOTES_SHOWN, CODES_SHOWN = 100, 8
SAID: Mapping[Became, str] = MappingProxyType(
    {
        "released": "released by rule",
        "coded": "coded by the script",
        "queried": "physician asked",
        "held": "held for a coder",
    }
)


def notes_table(outcomes: Sequence[Outcome]) -> Table:
    """Note by note; of a long file its beginning."""
    more = len(outcomes) - NOTES_SHOWN
    title = f"Notes, the first {NOTES_SHOWN} of {len(outcomes):,}" if more > 0 else "Notes"
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("note", "became", "diagnoses", "visit", "why"):
        table.add_column(heading, overflow="fold")
    for each in outcomes[:NOTES_SHOWN]:
        # Why no rule let a coded one go is told in the sums.
        why = "" if each.is_claimed else "; ".join(each.why)
        codes = " ".join(each.diagnoses) if each.is_claimed else _about(each)
        table.add_row(each.number, SAID[each.became], codes, each.level, why)
    return table


def sums_table(outcomes: Sequence[Outcome]) -> Table:
    """How many became what, with every reason by its frequency, and all of them in the end."""
    table = Table(title="What became of them", title_justify="left", box=None)
    table.add_column("became")
    table.add_column("why")
    table.add_column("notes", justify="right")
    for became, said in SAID.items():
        of = [each for each in outcomes if each.became == became]
        table.add_row(f"[bold]{said}[/]", "", str(len(of)))
        for reason, times in sorted(reasons(of).items(), key=lambda each: (-each[1], each[0])):
            table.add_row("", f"no rule: {reason}" if became == "coded" else reason, str(times))
    table.add_section()
    table.add_row("[bold]all[/]", "", str(len(outcomes)))
    return table


def codes_lines(outcomes: Sequence[Outcome]) -> str:
    """What was billed most."""
    claimed = [each for each in outcomes if each.is_claimed]
    diagnoses = Counter(code for each in claimed for code in each.diagnoses)
    levels = Counter(each.level for each in claimed)
    return (
        f"Diagnoses billed most: {_frequent(diagnoses)}.\n"
        f"Levels of visits, by the elements of each note: {_frequent(levels)}."
    )


def reasons(outcomes: Sequence[Outcome]) -> Counter[str]:
    """Every reason once a note. What an edit says of certain codes is counted under the edit."""
    return Counter(
        reason for each in outcomes for reason in dict.fromkeys(_kind(why) for why in each.why)
    )


def _kind(why: str) -> str:
    return why.partition("forbids it: ")[0] + "forbids it" if "forbids it: " in why else why


def _about(outcome: Outcome) -> str:
    """What is asked about or only suggested is not coded yet."""
    return " ".join(f"{code}?" for code in outcome.diagnoses)


def _frequent(counted: Counter[str]) -> str:
    # Codes of one frequency stand in their own order, so that a file is told alike every time.
    ranked = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{code} ({times})" for code, times in ranked[:CODES_SHOWN]) or "none"
