"""Amounts, dates, layouts: the small things that everything else stands on."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcm_x12 import layout, scalars
from rcm_x12.envelope import Envelope
from rcm_x12.findings import Finding, WriteRefused
from rcm_x12.pieces import read_adjustments, write_adjustments
from rcm_x12.quick import quick
from rcm_x12.ta1 import InterchangeAcknowledgment, write
from rcm_x12.values import Adjustment

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("225", 22500),
        ("225.00", 22500),
        (".5", 50),
        ("-0", 0),
        ("0.07", 7),
        ("-1.25", -125),
        ("7.", 700),
    ],
)
def test_amounts_are_read_to_the_cent(text: str, cents: int) -> None:
    assert scalars.cents(text) == cents


@pytest.mark.parametrize(
    "text",
    ["", "-", ".", "1.234", "1,000", "1e3", "+1", " 1", "1 ", "1_0", "٣", "--1", "1-", "NaN"],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        scalars.cents(text)


@given(st.integers(-(10**12), 10**12))
def test_every_amount_survives_its_text(cents: int) -> None:
    text = scalars.amount_text(cents)
    assert scalars.cents(text) == cents
    assert text == text.lstrip("+")
    assert not text.endswith(".")


@given(st.decimals(-(10**6), 10**6, places=3))
def test_every_quantity_survives_its_text(value: Decimal) -> None:
    assert scalars.quantity(scalars.quantity_text(value)) == value


@pytest.mark.parametrize("text", ["2026-01-01", "20260230", "260101", "2026010A", ""])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        scalars.date_of(text)


def test_dates_survive_their_text() -> None:
    assert scalars.date_of(scalars.date_text(date(2026, 2, 28))) == date(2026, 2, 28)


def test_an_empty_quantity_keeps_its_place_in_a_cas() -> None:
    given_cuts = [Adjustment("PR", "1", 2000), Adjustment("PR", "2", 1550)]
    assert write_adjustments(given_cuts) == ["CAS*PR*1*20**2*15.5"]
    assert read_adjustments(["CAS", "PR", "1", "20", "", "2", "15.5"], print_nothing) == given_cuts


def test_a_seventh_cut_of_a_group_opens_another_segment() -> None:
    given_cuts = [Adjustment("CO", str(n), 100, Decimal(n)) for n in range(1, 8)]
    first, second = write_adjustments(given_cuts)
    assert first.count("*") == 19
    assert second == "CAS*CO*7*1*7"


def print_nothing(code: str, message: str, element: int) -> None:
    raise AssertionError(code)


@pytest.mark.parametrize("version", ["005010X222A1", "005010X221A1", "005010X231A1", "005010X214"])
def test_each_declared_guide_names_its_own_version(version: str) -> None:
    declared = layout.guide(version)
    assert declared.version == version
    assert declared.root.children


@pytest.mark.parametrize("version", ["005010X999", "../../etc/passwd", "", "elements"])
def test_a_guide_that_is_not_declared_is_a_key_error(version: str) -> None:
    with pytest.raises(KeyError):
        layout.guide(version)


def test_every_element_of_every_guide_has_a_type() -> None:
    def visit(loop: layout.Loop) -> list[str]:
        found = []
        for child in loop.children:
            if isinstance(child, layout.Loop):
                found += visit(child)
                continue
            for element in child.elements:
                parts = element.components or (element,)
                found += [f"{child.id} {e.number}" for e in parts if e.usage != "N" and not e.type]
        return found

    for version in ("005010X222A1", "005010X221A1", "005010X231A1", "005010X214"):
        assert visit(layout.guide(version).root) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"interchange_control_number": "1"}, "ISA13"),
        ({"sender_id": "S" * 16}, "ISA06"),
        ({"sender_id": "A*B"}, "ISA06"),
        ({"receiver_id": ""}, "ISA08"),
        ({"usage": "X"}, "ISA15"),
        ({"sender_qualifier": "Z"}, "ISA05"),
    ],
)
def test_an_envelope_that_x12_cannot_carry_is_refused(change: dict[str, str], place: str) -> None:
    fields = {
        "sender_id": "A",
        "receiver_id": "B",
        "interchange_control_number": "000000001",
        "group_control_number": "1",
        "created_at": MOMENT,
        **change,
    }
    with pytest.raises(WriteRefused) as refused:
        write(Envelope(**fields), [InterchangeAcknowledgment("000000001", MOMENT, "A")])  # type: ignore[arg-type]
    assert refused.value.place == place


def test_a_quick_value_is_the_same_frozen_value() -> None:
    made = quick(Adjustment)("CO", "45", 100, None)
    assert made == Adjustment("CO", "45", 100)
    assert type(made) is Adjustment
    assert hash(made) == hash(Adjustment("CO", "45", 100))
    with pytest.raises(AttributeError):
        made.amount_cents = 1  # type: ignore[misc]


def test_a_group_of_fields_is_one_argument_of_the_quick_constructor() -> None:
    make = quick(Adjustment, kind=("group_code", "reason_code"))
    assert make(("CO", "45"), 100, None) == Adjustment("CO", "45", 100)


def test_a_finding_reads_as_a_sentence_with_its_place() -> None:
    found = Finding(
        "element-code",
        "error",
        "the guide does not list this code here",
        segment_id="CLM",
        position=20,
        element=5,
        component=2,
        loop="2300",
    )
    assert str(found) == "segment 20, CLM05-2 (loop 2300): the guide does not list this code here"
