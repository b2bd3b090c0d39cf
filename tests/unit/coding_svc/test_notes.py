"""Reading a note: sections, sentences, and how surely something is said, as tables."""

import pytest

from coding_svc.domain.notes import (
    NoteUnreadable,
    SectionKind,
    Sentence,
    Span,
    Status,
    read_note,
    unreadable,
)
from coding_svc.domain.notes.assertion import reading_of
from coding_svc.domain.notes.readable import LINE_CHARACTERS_MAX, NOTE_CHARACTERS_MAX
from coding_svc.domain.notes.words import stems_of, words_of

# [the condition], then what is said of it.
SAID: list[tuple[str, Status]] = [
    ("She has [asthma].", "present"),
    ("She denies [asthma].", "negated"),
    ("She denies fever, chills, or [asthma].", "negated"),
    ("No [asthma].", "negated"),
    ("No evidence of [asthma].", "negated"),
    ("Negative for [asthma].", "negated"),
    ("The film shows no [asthma] or fracture.", "negated"),
    ("She does not have [asthma].", "negated"),
    ("Lungs without [asthma].", "negated"),
    ("[Asthma] was ruled out.", "negated"),
    ("[Asthma] is unlikely.", "negated"),
    ("[Asthma]: denied", "present"),
    ("She never had [asthma].", "negated"),
    ("Neither [asthma] nor fever.", "negated"),
    ("She denies fever but has [asthma].", "present"),
    ("She denies fever, endorses [asthma].", "present"),
    ("No fever; [asthma] is worse.", "present"),
    ("No change in her [asthma].", "present"),
    ("No improvement of the [asthma].", "present"),
    ("Her [asthma] is not well controlled.", "present"),
    ("Not only [asthma] but eczema.", "present"),
    ("Possible [asthma].", "uncertain"),
    ("Likely [asthma].", "uncertain"),
    ("Cough, likely due to [asthma].", "present"),
    ("Rule out [asthma].", "uncertain"),
    ("Consistent with [asthma].", "uncertain"),
    ("Concern for [asthma].", "uncertain"),
    ("Test for [asthma].", "uncertain"),
    ("[Asthma] cannot be excluded.", "uncertain"),
    ("This may be [asthma].", "uncertain"),
    ("Eczema versus [asthma].", "uncertain"),
    ("Call if [asthma] recurs.", "hypothetical"),
    ("Return for [asthma].", "hypothetical"),
    ("She is at risk for [asthma].", "hypothetical"),
    ("Advised on how to prevent [asthma].", "hypothetical"),
    ("If you have [asthma], call.", "hypothetical"),
    ("Smoking can lead to [asthma].", "hypothetical"),
    ("History of [asthma].", "historical"),
    ("Past medical history significant for [asthma].", "historical"),
    ("She had pneumonia and [asthma] in childhood.", "historical"),
    ("[Asthma] has resolved.", "historical"),
    ("Status post [asthma] attack.", "historical"),
    ("Her mother has [asthma].", "family"),
    ("Family history of [asthma].", "family"),
    ("[Asthma] runs in the family.", "family"),
    ("His brother died of [asthma].", "family"),
    ("No family history of [asthma].", "negated"),
    ("Her mother is well, and the patient has [asthma].", "present"),
]


@pytest.mark.parametrize(("marked", "status"), SAID)
def test_what_a_sentence_says_of_a_condition(marked: str, status: Status) -> None:
    begin, end = marked.index("["), marked.index("]") - 1
    text = marked.replace("[", "").replace("]", "")
    reading = reading_of(text, Sentence(Span(0, len(text)), "body"))
    first = next(at for at, word in enumerate(reading.words) if word.span.start >= begin)
    last = next(at for at, word in enumerate(reading.words) if word.span.end >= end) + 1
    found = reading.of(first, last)
    assert found.status == status
    if found.cue:
        # The cue stands beside the condition, never on it.
        assert found.cue.end <= begin or found.cue.start >= end


@pytest.mark.parametrize(
    ("section", "status"),
    [("family_history", "family"), ("instructions", "hypothetical"), ("assessment", "present")],
)
def test_a_section_says_it_without_a_word(section: SectionKind, status: Status) -> None:
    text = "Asthma."
    assert reading_of(text, Sentence(Span(0, 7), section)).of(0, 1).status == status


HEADINGS: list[tuple[str, list[SectionKind]]] = [
    ("CHIEF COMPLAINT\n\nCough.", ["chief_complaint"]),
    ("CC:\nCough.", ["chief_complaint"]),
    ("HPI: Cough for days.", ["history_of_present_illness"]),
    ("Assessment & Plan:\nAsthma", ["assessment"]),
    ("ASSESSMENT/PLAN\nAsthma", ["assessment"]),
    ("2. Past Medical History:\nAsthma", ["past_history"]),
    ("**Impression**", ["body"]),
    ("The plan was made with her.\nNothing else.", ["body"]),
    ("Plan was made with her.", ["body"]),
    ("She came.\nEXAM\nWell.\nPLAN\nRest.", ["body", "examination", "plan"]),
    ("FAMILY HISTORY\nMother: asthma\nSOCIAL HISTORY\nNone", ["family_history", "social_history"]),
    ("plan\nlower case alone is prose", ["body"]),
]


@pytest.mark.parametrize(("text", "kinds"), HEADINGS)
def test_sections_begin_at_their_headings(text: str, kinds: list[SectionKind]) -> None:
    assert [each.kind for each in read_note(text).sections] == kinds


SENTENCES = [
    ("One. Two.", ["One", "Two"]),
    ("Dr. Smith saw her. She is well.", ["Dr. Smith saw her", "She is well"]),
    ("Takes 2.5 mg daily. Is well.", ["Takes 2.5 mg daily", "Is well"]),
    ("\u2022 One\n\u2022 Two", ["One", "Two"]),
    ("1. One\n2. Two", ["One", "Two"]),
    ("- One; - Two", ["One", "- Two"]),
    ("Heart: Regular.", ["Regular."[:-1]]),
    ("Why? Because.", ["Why", "Because"]),
    ("Ends without a stop", ["Ends without a stop"]),
]


@pytest.mark.parametrize(("text", "pieces"), SENTENCES)
def test_sentences_end_where_a_reader_ends_them(text: str, pieces: list[str]) -> None:
    note = read_note(text)
    assert [text[each.span.start : each.span.end] for each in note.sentences] == pieces


def test_sentences_and_sections_never_leave_the_text() -> None:
    text = "CC:\r\nCough.\r\n\r\n\u2022 A: b.\n\n" + "x" * 500 + ".\n\t \n1.\n...\n;;\n"
    note = read_note(text)
    ends = [(each.span.start, each.span.end) for each in note.sentences]
    assert all(0 <= start < end <= len(text) for start, end in ends)
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "note_empty"),
        (" \n\t", "note_empty"),
        ("x " * NOTE_CHARACTERS_MAX, "note_too_long"),
        ("a\x00b" * 100, "note_not_text"),
        ("\ufffd" * 50 + "PNG", "note_not_text"),
        ("x" * (LINE_CHARACTERS_MAX + 1), "note_line_too_long"),
        ("12345 67", "note_without_words"),
        ("A note with one\x0bodd character, which is nothing to speak of in a text.", None),
        ("Une note en fran\u00e7ais.", None),
    ],
)
def test_what_is_no_note_is_said_exactly(text: str, code: str | None) -> None:
    finding = unreadable(text)
    assert (finding.code if finding else None) == code
    if code:
        with pytest.raises(NoteUnreadable) as refused:
            read_note(text)
        # The text itself is never in the message.
        assert "PNG" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kidneys", "renal"), ("fractures", "fracture"), ("haematuria", "hematuria"),
        ("oedema", "edema"), ("allergies", "allergy"), ("diagnoses", "diagnosis"),
        ("stones", "calculus"), ("metastases", "metastatic"), ("carcinoma", "cancer"),
        ("sister's", "sister"), ("diarrhoea", "diarrhea"), ("biopsies", "biopsy"),
    ],
)  # fmt: skip
def test_words_that_mean_the_same_are_one(one: str, other: str) -> None:
    assert stems_of(one) == stems_of(other)


def test_words_keep_their_places() -> None:
    text = "Her sister's knees"
    assert [text[each.span.start : each.span.end] for each in words_of(text)] == text.split()
