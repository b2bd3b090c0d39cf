"""Banks' files: every credit exactly, or every place that is wrong; and the days banks count."""

from dataclasses import replace
from datetime import date

import pytest
from bank_world import (
    GOOD,
    ROUTING,
    TRACE,
    addenda,
    batch_control,
    batch_header,
    entry,
    file_control,
    header,
    nacha,
)

from payer_gateway.domain.deposits import CsvLayout, read_csv, read_nacha
from payer_gateway.domain.deposits.calendar import (
    add_business_days,
    business_days_between,
    is_business_day,
    subtract_business_days,
)
from payer_gateway.domain.deposits.trace import Trace, trace_in

LAYOUT = CsvLayout("Date", "Amount", "Ref", trace_number="Trace", description="Text")
STATEMENT = (
    "Date,Text,Amount,Ref,Trace\n"
    "2026-03-04,HCCLAIMPMT TRN*1*EFT100*1999999999\\,46.25,B1,\n"
    '2026-03-05,PAYER,"1,234.50",B2,EFT200\n'
    "2026-03-05,FEE,-12.00,B3,\n"
    "2026-03-06,PAYER,(3.00),B4,\n"
    "2026-03-06,PAYER,$7,B5,TRN*1*EFT300*1888888888*999999999~\n"
)


def test_a_statement_is_its_credits() -> None:
    read = read_csv(STATEMENT, LAYOUT)
    assert read.errors == ()
    assert [
        (each.bank_reference, each.amount_cents, each.trace_number, each.originating_company_id)
        for each in read.deposits
    ] == [
        ("B1", 4_625, "EFT100", "1999999999"),
        ("B2", 123_450, "EFT200", ""),
        ("B5", 700, "EFT300", "1888888888"),
    ]
    assert read.skipped == 2
    assert read.deposits[0].deposited_on == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("46.25", "46.2", (2, "amount")),
        ("46.25", "46.255", (2, "amount")),
        ("46.25", '"46,25"', (2, "amount")),
        ("46.25", "1e3", (2, "amount")),
        ("46.25", "", (2, "amount")),
        ("46.25", "99999999999.00", (2, "amount")),
        ("2026-03-04", "03/04/2026", (2, "deposited_on")),
        ("2026-03-04", "2026-02-30", (2, "deposited_on")),
        ("B1,", ",", (2, "bank_reference")),
        ("B5,", "B1,", (6, "bank_reference")),
        ("B5,", "B" * 81 + ",", (6, "bank_reference")),
        ("EFT200", "E" * 81, (3, "trace_number")),
        ("EFT200", "EFT200,more", (3, "row")),
        ("Ref", "Reference", (1, "bank_reference")),
        ("Text", "Ref", (1, "bank_reference")),
        ('"1,234.50"', '"1,234.50', (6, "row")),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_taken(
    old: str, new: str, place: tuple[int, str]
) -> None:
    read = read_csv(STATEMENT.replace(old, new, 1), LAYOUT)
    assert place in [(each.row, each.place) for each in read.errors]
    assert read.deposits == ()
    assert not any(word in each.reason for each in read.errors for word in ("46", "EFT", "B1"))


def test_all_wrong_cells_are_told_at_once() -> None:
    spoilt = STATEMENT.replace("46.25", "x").replace("2026-03-05,FEE", "never,FEE")
    assert [(each.row, each.place) for each in read_csv(spoilt, LAYOUT).errors] == [
        (2, "amount"),
        (4, "deposited_on"),
    ]


@pytest.mark.parametrize("content", ["", "\n\n", " \n"])
def test_an_empty_statement_is_an_error(content: str) -> None:
    assert read_csv(content, LAYOUT).errors


def test_other_dates_and_delimiters() -> None:
    layout = replace(LAYOUT, date_format="MM/DD/YY", delimiter=";", trace_number=None)
    read = read_csv("\ufeffDate;Text;Amount;Ref\r\n03/04/26;x;1,000.00;R\r\n", layout)
    assert [(each.deposited_on, each.amount_cents) for each in read.deposits] == [
        (date(2026, 3, 4), 100_000)
    ]


def changed(at: int, record: str) -> str:
    return nacha(*GOOD[:at], record, *GOOD[at + 1 :])


def test_a_ccd_file_is_its_credits_with_their_traces() -> None:
    assert {len(record) for record in GOOD} == {94}
    read = read_nacha(nacha(*GOOD))
    assert read.errors == ()
    [deposit] = read.deposits
    assert deposit.bank_reference == f"ACH-20260304-{TRACE}"
    assert (deposit.deposited_on, deposit.amount_cents) == (date(2026, 3, 4), 4_625)
    assert (deposit.trace_number, deposit.originating_company_id) == ("EFT100", "1999999999")


def test_entries_without_trace_debits_and_prenotes() -> None:
    second, third, fourth = (TRACE[:-1] + digit for digit in "234")
    records = (
        header(),
        batch_header(),
        entry(addenda="0"),
        entry(300, "27", second, "0"),
        entry(0, "23", third, "0"),
        entry(100, "32", fourth),
        addenda("TRN*1*LONG TRACE ", 1, fourth),
        addenda("NUMBER*1888888888~", 2, fourth),
        batch_control(6, 4 * 7_100_001, 300, 4_725),
        file_control(1, 6, 4 * 7_100_001, 300, 4_725),
    )
    read = read_nacha(nacha(*records))
    assert read.errors == ()
    assert [(each.amount_cents, each.trace_number) for each in read.deposits] == [
        (4_625, ""),
        (100, ""),
    ], "a segment is one piece: what is cut by filling is not guessed"
    assert read.skipped == 2


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", (0, "record")),
        (nacha(*GOOD).replace(header(), header() + " "), (1, "record")),
        (nacha(*GOOD)[:-96], (6, "record")),
        (nacha(*GOOD[:-1]), (5, "record")),
        (nacha(*GOOD[1:]), (1, "positions 1-1")),
        (nacha(*GOOD[:3], *GOOD[4:]), (3, "positions 79-79")),
        (changed(0, header().replace("094101", "095101")), (1, "positions 35-37")),
        (changed(0, "102" + header()[3:]), (1, "positions 2-3")),
        (changed(1, batch_header("PPD")), (2, "positions 51-53")),
        (
            changed(1, batch_header().replace("260304260304", "260304261304")),
            (2, "positions 70-75"),
        ),
        (changed(2, entry(code="99")), (3, "positions 2-3")),
        (changed(2, entry().replace(ROUTING + "3", ROUTING + "4")), (3, "positions 12-12")),
        (changed(2, entry().replace("0000004625", "00000046.5")), (3, "positions 30-39")),
        (changed(2, entry(4_626)), (5, "positions 33-44")),
        (changed(2, entry(addenda="0")), (4, "positions 1-1")),
        (changed(3, addenda(sequence=2)), (4, "positions 84-87")),
        (changed(3, addenda(trace=TRACE[:-1] + "9")), (4, "positions 88-94")),
        (changed(3, "702" + addenda()[3:]), (4, "positions 2-3")),
        (changed(4, batch_control(3, 7_100_001, 0, 4_625)), (5, "positions 5-10")),
        (changed(4, batch_control(2, 7_100_002, 0, 4_625)), (5, "positions 11-20")),
        (changed(4, batch_control(2, 7_100_001, 1, 4_625)), (5, "positions 21-32")),
        (changed(4, batch_control(2, 7_100_001, 0, 4_625, 2)), (5, "positions 88-94")),
        (changed(5, file_control(2, 2, 7_100_001, 0, 4_625)), (6, "positions 2-7")),
        (changed(5, file_control(1, 3, 7_100_001, 0, 4_625)), (6, "positions 14-21")),
        (changed(5, file_control(1, 2, 7_100_001, 0, 4_624)), (6, "positions 44-55")),
        (changed(3, addenda("TRN*1*É*1999999999")), (4, "record")),
    ],
)
def test_a_wrong_record_is_named_by_line_and_position(content: str, place: tuple[int, str]) -> None:
    read = read_nacha(content)
    assert place in [(each.row, each.place) for each in read.errors], read.errors
    assert read.deposits == ()


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        ("TRN*1*EFT1*1999999999\\", Trace("EFT1", "1999999999")),
        ("TRN*1*EFT1*1999999999*SUB~", Trace("EFT1", "1999999999")),
        ("CREDIT TRN*1*EFT 1*1999999999", Trace("EFT 1", "1999999999")),
        ("TRN*2*EFT1*1999999999\\", None),
        ("TRN*1**1999999999\\", None),
        ("EFT1", None),
        ("", None),
    ],
)
def test_the_trace_in_a_banks_words(text: str, trace: Trace | None) -> None:
    assert trace_in(text) == trace


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 3, 4), True),
        (date(2026, 3, 7), False),
        (date(2026, 1, 1), False),
        (date(2026, 1, 19), False),
        (date(2026, 2, 16), False),
        (date(2026, 5, 25), False),
        (date(2026, 6, 19), False),
        (date(2026, 7, 3), True),
        (date(2027, 7, 5), False),
        (date(2026, 9, 7), False),
        (date(2026, 10, 12), False),
        (date(2026, 11, 11), False),
        (date(2026, 11, 26), False),
        (date(2026, 12, 25), False),
    ],
)
def test_days_that_banks_count(day: date, *, open_: bool) -> None:
    assert is_business_day(day) is open_


def test_three_business_days_over_a_weekend() -> None:
    thursday = date(2026, 3, 5)
    assert add_business_days(thursday, 3) == date(2026, 3, 10)
    assert business_days_between(thursday, date(2026, 3, 10)) == 3
    assert business_days_between(date(2026, 3, 10), thursday) == 0
    assert (
        business_days_between(subtract_business_days(date(2026, 3, 10), 3), date(2026, 3, 10)) == 3
    )
