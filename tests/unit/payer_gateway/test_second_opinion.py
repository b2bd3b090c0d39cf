"""The second validator: its findings in our words, and nothing of a file in them or in a log."""

import logging
from collections.abc import Iterator

import pytest
import x12_defects as files
from x12_defects import broken

from payer_gateway.second_opinion import FINDINGS_MAX, second_opinion

P = files.PROFESSIONAL


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record.getMessage())


@pytest.fixture
def logged() -> Iterator[Kept]:
    kept = Kept()
    logging.getLogger().addHandler(kept)
    yield kept
    logging.getLogger().removeHandler(kept)


@pytest.mark.parametrize(
    "content", [P, files.PAID, b"\xef\xbb\xbf" + P, P.replace(b"~", b"~\r\n  ")]
)
def test_it_agrees_with_what_is_clean(content: bytes) -> None:
    assert second_opinion(content) == ()


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (("~REF*EI*123456789", ""), "pyx12-segment-3", ("REF", 0)),
        (("11:B:1", "11:X:1"), "pyx12-element-7", ("CLM", 5)),
        (
            ("BHT*0019*00*B0001*20260301", "BHT*0019*00*B0001*20261301"),
            "pyx12-element-8",
            ("BHT", 4),
        ),
    ],
)
def test_it_finds_in_our_words(
    change: tuple[str, str], code: str, place: tuple[str, int], logged: Kept
) -> None:
    found = second_opinion(broken(P, change))
    assert (code, place) in {(one.code, (one.segment_id, one.element)) for one in found}
    assert all(one.severity == "error" and one.snip == 2 for one in found)
    assert logged.records == []


def test_of_what_we_receive_it_is_a_note() -> None:
    found = second_opinion(broken(files.PAID, ("CLP*A*1*", "CLP*A*99*")))
    assert {one.severity for one in found} == {"warning"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (P.replace(b"005010X222A1", b"005010X222A2"), "validator-not-asked"),
        (b"GIF89a", "validator-failed"),
        (broken(P, ("*1:2~", "*1:2:1:2:1~")), "validator-failed"),
    ],
)
def test_what_it_cannot_do_is_a_finding(content: bytes, code: str, logged: Kept) -> None:
    assert [one.code for one in second_opinion(content)] == [code]
    assert logged.records == []


def test_its_findings_are_capped() -> None:
    many = broken(P, ("~HI*", "~K9*1" * 2000 + "~HI*"))
    assert len(second_opinion(many)) == FINDINGS_MAX
