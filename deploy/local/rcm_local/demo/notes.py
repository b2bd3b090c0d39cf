"""`rcm demo --notes FILE`: real visit notes through documents, suggestions, and a release rule or a
script that does what a careful coder would; what was coded, held, asked and why is told."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rich.progress import Progress

from rcm_local.demo import coder
from rcm_local.demo.coder import Ask, Hold, Take
from rcm_local.demo.note_file import Note
from rcm_local.demo.practice import Body, PracticeSystem

AT_ONCE = 3
RULE = "demo_office"
Became = Literal["released", "coded", "queried", "held"]
_AGE_UNTOLD = 45
"""Between the youngest and the oldest of the clinic's people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one note, and why."""

    number: str
    became: Became
    why: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    """Coded, or else the one that is asked about or was suggested most surely."""
    level: str = ""
    """The visit's code, when it is billed."""

    @property
    def is_claimed(self) -> bool:
        return self.became in {"released", "coded"}


@dataclass(frozen=True, slots=True)
class _Worked:
    """A chart on the desk with the note that it came with."""

    note: Note
    visit: Body
    path: str
    level: str | None


async def send(
    practice: PracticeSystem, notes: Sequence[Note], visits: Sequence[Body], progress: Progress
) -> list[Outcome]:
    """Bring every note as a visit and work its chart; what became of each, in the file's order."""
    rule = f"/desk-rules/release/{RULE}"
    await practice.put("coding-svc", rule, coder.RELEASE_RULE)
    edits = (await practice.get("coding-svc", "/edits"))["items"]
    citations = {each["edit"]: each["citation"] for each in edits}
    task, gate = progress.add_task("Notes worked", total=len(notes)), asyncio.Semaphore(AT_ONCE)

    async def work(note: Note, visit: Body) -> Outcome:
        async with gate:
            outcome = await _work(practice, note, visit, citations=citations)
        progress.advance(task)
        return outcome

    pairs = zip(notes, seated(notes, visits), strict=True)
    return list(await asyncio.gather(*(work(note, visit) for note, visit in pairs)))


def seated(notes: Sequence[Note], visits: Sequence[Body]) -> list[Body]:
    """A visit of the clinic for each note: of the patient who fits it best, a new one if there is
    one. Edits ask for sex and age, so a note of an old man is not to be a young woman's."""
    free, seen, found = list(visits), Counter[str](), []
    for note in notes:
        best = min(free, key=lambda visit, note=note: _misfit(note, visit, seen))  # type: ignore[misc]
        free.remove(best)
        seen[best["patient"]["external_id"]] += 1
        found.append(best)
    return found


def _misfit(note: Note, visit: Body, seen: Counter[str]) -> tuple[bool, int, int]:
    patient = visit["patient"]
    born, day = (
        date.fromisoformat(one) for one in (patient["birth_date"], visit["date_of_service"])
    )
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    is_other = bool(note.sex) and note.sex != patient["sex"]
    wanted = _AGE_UNTOLD if note.age is None else note.age
    return is_other, seen[patient["external_id"]], abs(age - wanted)


def chart_of(note: Note, visit: Body, level: str | None) -> Body:
    """A visit without diagnoses, with its note and the charge that the note's level gives."""
    day = visit["date_of_service"]
    lines = [{"procedure_code": level, "date_of_service": day}] if level else []
    kept = {name: value for name, value in visit.items() if name != "diagnoses"}
    document = {"external_id": note.number, "text": note.text}
    return kept | {"kind": "office", "lines": lines, "documents": [document]}


async def _work(
    practice: PracticeSystem, note: Note, visit: Body, *, citations: Mapping[str, str]
) -> Outcome:
    day = visit["date_of_service"]
    asked = {"family": coder.VISIT_FAMILY, "text": note.text, "date_of_service": day}
    level = (await practice.post("coding-svc", "/visits:level", asked))["code"]
    made = await practice.post("coding-svc", "/charts", chart_of(note, visit, level))
    worked = _Worked(note, visit, f"/charts/{made['encounter_id']}", level)
    read = await practice.post("coding-svc", f"{worked.path}:read", {})
    chart = await practice.get("coding-svc", worked.path)
    if chart["stage"] == "done":
        codes = tuple(each["code"] for each in chart["diagnoses"])
        return Outcome(note.number, "released", diagnoses=codes, level=level or "")
    found = (await practice.get("coding-svc", f"{worked.path}/suggestions"))["items"]
    match coder.decide(found, level):
        case Take(suggestions):
            why = coder.why_not_released(read["withheld"], citations)
            return await _code(practice, worked, suggestions, why=why)
        case Ask() as ask:
            return await _ask(practice, worked, ask)
        case Hold() as hold:
            surest = [hold.surest] if hold.surest else []
            return await _hold(practice, worked, hold.reason_code, why=[hold.why], codes=surest)


async def _code(
    practice: PracticeSystem, worked: _Worked, taken: Sequence[Body], *, why: Sequence[str]
) -> Outcome:
    """Take what is sure, put it in order, and let it leave unless an edit forbids it."""
    for each in taken:
        verb = f"{worked.path}/suggestions/{each['suggestion_id']}:decide"
        await practice.change("POST", "coding-svc", verb, {"decision": "accept"})
    codes, check = [each["code"] for each in taken], Body()
    # Each turn puts another one first; after the last all were tried.
    for _ in codes:
        await practice.change("PUT", "coding-svc", f"{worked.path}/codes", _coded(worked, codes))
        check = await practice.get("coding-svc", f"{worked.path}/check")
        if (ordered := coder.resequenced(codes, check)) == codes:
            break
        codes = ordered
    if not check["may_leave"]:
        return await _hold(practice, worked, "edits", why=coder.objections(check), codes=codes)
    await practice.change("POST", "coding-svc", f"{worked.path}:finalize", {})
    return Outcome(worked.note.number, "coded", tuple(why), tuple(codes), worked.level or "")


def _coded(worked: _Worked, codes: Sequence[str]) -> Body:
    charge = {
        "procedure_code": worked.level,
        "date_of_service": worked.visit["date_of_service"],
        "diagnosis_pointers": list(range(min(coder.POINTERS_MAX, len(codes)))),
    }
    diagnoses = [
        {"code": code, "code_type": "ABF" if at else "ABK"} for at, code in enumerate(codes)
    ]
    return {"diagnoses": diagnoses, "lines": [charge]}


async def _ask(practice: PracticeSystem, worked: _Worked, ask: Ask) -> Outcome:
    """A query in the note's own words goes to the physician; the chart waits for the answer."""
    place = ask.suggestion["evidence"][0]
    words = " ".join(worked.note.text[place["start"] : place["end"]].split())
    query = {
        "template": ask.template,
        "indicators": indicators(words),
        "provider_npi": worked.visit["rendering_provider"]["npi"],
    }
    if ask.question is not None:
        query["question"] = ask.question
    made = await practice.post("coding-svc", f"{worked.path}/queries", query)
    await practice.change("POST", "coding-svc", f"/queries/{made['query_id']}:send")
    return Outcome(worked.note.number, "queried", (ask.why,), (ask.suggestion["code"],))


def indicators(words: str) -> str:
    """What in the record gives rise to a query: its own words, and nothing beside them."""
    return f"Documented in the note of this visit: {words}."


async def _hold(
    practice: PracticeSystem,
    worked: _Worked,
    reason_code: str,
    *,
    why: Sequence[str],
    codes: Sequence[str],
) -> Outcome:
    reason = {"reason_code": reason_code}
    await practice.change("POST", "coding-svc", f"{worked.path}:pend", reason)
    return Outcome(worked.note.number, "held", tuple(dict.fromkeys(why)), tuple(codes))
