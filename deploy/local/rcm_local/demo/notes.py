"""`rcm demo --notes FILE`: real visit notes through documents, suggestions, and a release rule or a
script that does what a careful coder would; what was coded, held, asked and why is told."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress
from rich.table import Table

from rcm_local.demo.practice import Body, PracticeSystem
from rcm_local.problems import LocalProblem

# Families that the demo clinic lets go without a person, when the note leaves nothing to ask.
RELEASED = ("I10", "E11", "E78", "J0", "J4", "K21", "M1", "M2", "M5", "F32", "F33", "F41", "N39")
RELEASE_SCORE, CODER_SCORE, DIAGNOSES_MAX = 0.8, 0.6, 4
OFFICE_VISIT = "99213"
QUERY_TEMPLATES = {"side": "laterality", "encounter": "encounter_phase"}
INDICATORS = "The note of this visit names the condition; what its code needs is not documented."


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the file."""

    number: str
    text: str = field(repr=False)


@dataclass(slots=True)
class Tally:
    """What became of the notes, and why."""

    became: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def coded(self) -> int:
        """How many become claims."""
        return self.became["released by rule"] + self.became["coded by script"]

    def add(self, outcome: str, reasons: Sequence[str] = ()) -> None:
        """One note more."""
        self.became[outcome] += 1
        for reason in reasons:
            self.reasons[outcome, reason] += 1


def read_notes(file: Path) -> list[Note]:
    """The notes of a file of JSON lines with `id` and `text`. Raises `LocalProblem` by line."""
    notes = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise LocalProblem(f"{file} cannot be read as text.") from None
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            notes.append(Note(str(found["id"]), str(found["text"])))
        except (ValueError, KeyError, TypeError):
            raise LocalProblem(f"{file} line {number} is not JSON with id and text.") from None
    if not notes:
        raise LocalProblem(f"{file} has no notes.")
    return notes


async def send(
    practice: PracticeSystem, notes: Sequence[Note], visits: Sequence[Body], progress: Progress
) -> Tally:
    """Bring every note as a visit, and work its chart."""
    rule = {
        "criteria": {"kinds": ["office"]},
        "effect": {
            "families": list(RELEASED), "min_score": RELEASE_SCORE,
            "max_diagnoses": DIAGNOSES_MAX, "ignore_below": CODER_SCORE, "sample_permille": 100,
        },
    }  # fmt: skip
    await practice.put("coding-svc", "/desk-rules/release/demo_office", rule)
    task, tally = progress.add_task("Notes worked", total=len(notes)), Tally()
    for note, visit in zip(notes, visits, strict=True):
        await _work(practice, _chart(note, visit), tally)
        progress.advance(task)
    return tally


def table(tally: Tally) -> Table:
    """What became of the notes, and the most frequent reasons."""
    shown = Table(title="Notes", title_justify="left", box=None)
    for heading in ("became", "why"):
        shown.add_column(heading)
    shown.add_column("notes", justify="right")
    for outcome, count in tally.became.most_common():
        shown.add_row(f"[bold]{outcome}[/]", "", str(count))
        for (of, reason), times in tally.reasons.most_common():
            if of == outcome:
                shown.add_row("", reason, str(times))
    common = ", ".join(f"{code} ({count})" for code, count in tally.codes.most_common(8))
    shown.add_row("codes billed most", common, str(sum(tally.codes.values())))
    return shown


def _chart(note: Note, visit: Body) -> Body:
    """A visit without codes, with its note and the charge of an office visit."""
    day = visit["date_of_service"]
    charge = {"procedure_code": OFFICE_VISIT, "date_of_service": day}
    document = {"external_id": note.number, "text": note.text}
    kept = {name: value for name, value in visit.items() if name not in ("diagnoses", "lines")}
    return kept | {"kind": "office", "lines": [charge], "documents": [document]}


async def _work(practice: PracticeSystem, body: Body, tally: Tally) -> None:
    made = await practice.post("coding-svc", "/charts", body)
    path = f"/charts/{made['encounter_id']}"
    read = await practice.post("coding-svc", f"{path}:read", {})
    chart = await practice.get("coding-svc", path)
    if chart["stage"] == "done":
        tally.add("released by rule")
        tally.codes.update(each["code"] for each in chart["diagnoses"])
        return
    found = (await practice.get("coding-svc", f"{path}/suggestions"))["items"]
    sure = [
        each
        for each in found
        if each["score"] >= CODER_SCORE
        and each["system"] == "icd10cm"
        and each["assertion"] in ("present", "historical")
    ]
    complete = [each for each in sure if each["is_complete"]][:DIAGNOSES_MAX]
    if complete:
        await _code(practice, path, complete, withheld=read["withheld"], tally=tally)
    elif sure:
        await _ask(practice, path, body, suggested=sure[0], tally=tally)
    else:
        await _pend(practice, path, "no_sure_suggestion", tally=tally)


async def _code(
    practice: PracticeSystem,
    path: str,
    taken: Sequence[Body],
    *,
    withheld: Sequence[str],
    tally: Tally,
) -> None:
    """Take what is sure and complete; what an edit forbids waits for a person."""
    for each in taken:
        verb = f"{path}/suggestions/{each['suggestion_id']}:decide"
        await practice.change("POST", "coding-svc", verb, {"decision": "accept"})
    chart = await practice.get("coding-svc", path)
    pointers = list(range(min(DIAGNOSES_MAX, len(chart["diagnoses"]))))
    [line] = chart["lines"]
    charge = {
        "procedure_code": line["procedure_code"], "date_of_service": line["date_of_service"],
        "diagnosis_pointers": pointers,
    }  # fmt: skip
    codes = {"diagnoses": chart["diagnoses"], "lines": [charge]}
    await practice.change("PUT", "coding-svc", f"{path}/codes", codes)
    check = await practice.get("coding-svc", f"{path}/check")
    if not check["may_leave"]:
        errors = [each["edit"] for each in check["findings"] if each["severity"] == "error"]
        stops = [each["code"] for each in check["stops"]]
        await _pend(practice, path, "edits", tally=tally, why=errors + stops)
        return
    await practice.change("POST", "coding-svc", f"{path}:finalize", {})
    tally.add("coded by script", [f"not released: {reason}" for reason in withheld])
    tally.codes.update(each["code"] for each in chart["diagnoses"])


async def _ask(
    practice: PracticeSystem, path: str, body: Body, *, suggested: Body, tally: Tally
) -> None:
    """The note leaves open what the code needs: the physician is asked."""
    kind = suggested["asks"][0]["kind"]
    query = {
        "template": QUERY_TEMPLATES.get(kind, "open_question"),
        "indicators": INDICATORS,
        "provider_npi": body["rendering_provider"]["npi"],
    }
    made = await practice.post("coding-svc", f"{path}/queries", query)
    await practice.change("POST", "coding-svc", f"/queries/{made['query_id']}:send")
    tally.add("asked the physician", [f"{kind} is not documented"])


async def _pend(
    practice: PracticeSystem, path: str, reason: str, *, tally: Tally, why: Sequence[str] = ()
) -> None:
    await practice.change("POST", "coding-svc", f"{path}:pend", {"reason_code": reason})
    tally.add("held for a coder", list(dict.fromkeys(why)) or [reason])
