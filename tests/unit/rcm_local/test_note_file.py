"""The file of `rcm demo --notes`: what is read of it, and the sentence for whatever is wrong."""

import json
import re
from pathlib import Path

import pytest

from rcm_local.demo.note_file import NOTES_MAX, TEXT_CHARACTERS_MAX, Note, read_notes
from rcm_local.problems import LocalProblem

GOOD = {"id": "n1", "text": "ASSESSMENT\n1. Hypertension."}
SECRET = "Zebulon"


def line(**changes: object) -> str:
    return json.dumps(GOOD | changes)


def written(directory: Path, content: str | bytes) -> Path:
    file = directory / "notes.jsonl"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        (line(), ["n1"]),
        (line() + "\n" + line(id="n2") + "\n", ["n1", "n2"]),
        (line() + "\n\n  \n" + line(id="n2"), ["n1", "n2"]),
        (line() + "\r\n" + line(id="n2") + "\r\n", ["n1", "n2"]),
        ("\ufeff" + line(), ["n1"]),
        (line(id=17), ["17"]),
        (line(more="is left out"), ["n1"]),
        # Breaks that end a line elsewhere may stand in a text.
        (json.dumps(GOOD | {"text": "one\u2028two\x0cthree"}, ensure_ascii=False), ["n1"]),
    ],
)
def test_notes_are_read(tmp_path: Path, content: str, numbers: list[str]) -> None:
    assert [each.number for each in read_notes(written(tmp_path, content))] == numbers


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (f"{SECRET} has hypertension", "line 2: is not JSON."),
        ('{"id": "n2", "text": "cut', "line 2: is not JSON."),
        ("[" * 100_000, "line 2: is not JSON."),
        (json.dumps([SECRET]), "line 2: is JSON, but not an object"),
        (json.dumps({"text": SECRET}), "line 2: has no id"),
        (line(id=None, text=SECRET), "line 2: has no id"),
        (line(id=True), "line 2: has no id"),
        (line(id="  "), "line 2: has no id"),
        (line(id="n" * 201), "line 2: its id is longer than 200"),
        (json.dumps({"id": SECRET}), "line 2: has no text"),
        (line(id=SECRET, text=None), "line 2: has no text"),
        (line(id=SECRET, text=[SECRET]), "line 2: has no text"),
        (line(id="n2", text=""), "line 2: its text is empty"),
        (line(id="n2", text=" \n 120/80 "), "line 2: its text is empty or has no words"),
        (line(id="n2", text=f"{SECRET}\x00\x01"), "line 2: its text is binary: character 8"),
        (line(id="n2", text="\ud800 half a sign"), "line 2: its text is binary: character 1"),
        (line(id="n2", text="x" * (TEXT_CHARACTERS_MAX + 1)), "line 2: its text has 400,001"),
        (line(), "line 2: has the id of line 1."),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_not_repeated(
    tmp_path: Path, second: str, sentence: str
) -> None:
    with pytest.raises(LocalProblem, match=re.escape(sentence)) as told:
        read_notes(written(tmp_path, f"{line()}\n{second}\n{line(id='n3')}"))
    assert SECRET not in str(told.value)
    assert str(told.value).count("line ") == 1 + ("id of line" in sentence)


def test_every_bad_line_is_told_at_once_up_to_ten(tmp_path: Path) -> None:
    with pytest.raises(LocalProblem) as told:
        read_notes(written(tmp_path, "\n".join(["no JSON"] * 12)))
    lines = str(told.value).splitlines()
    assert lines[1].strip() == "line 1: is not JSON."
    assert lines[-1].strip() == "and 2 lines more"
    assert len(lines) == 12


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "has no notes"),
        ("\n \n", "has no notes"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", r"is no text \(byte 0 is no UTF-8\)"),
        (b"\x1f\x8b\x08\x00", r"is no text \(byte 1 is no UTF-8\)"),
        ("\n".join(line(id=n) for n in range(NOTES_MAX + 1)), "has 5,001 notes; at most 5,000"),
    ],
)
def test_a_file_without_notes_is_a_sentence(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(LocalProblem, match=sentence):
        read_notes(written(tmp_path, content))


def test_a_path_that_is_no_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalProblem, match="does not exist"):
        read_notes(tmp_path / "missing.jsonl")
    with pytest.raises(LocalProblem, match="is a directory"):
        read_notes(tmp_path)


@pytest.mark.parametrize(
    ("text", "age", "sex"),
    [
        ("Pat is a 50-year-old female. She is well.", 50, "F"),
        ("He is a 7 year old boy; his mother was told. She agrees.", 7, "M"),
        ("The patient is well.", None, ""),
        ("Her knee hurts.", None, "F"),
    ],
)
def test_whom_a_note_speaks_of(text: str, age: int | None, sex: str) -> None:
    note = Note("n1", text)
    assert (note.age, note.sex) == (age, sex)
