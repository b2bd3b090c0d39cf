"""Entries refuse nonsense at once, and a repetition is told from a clash by its hash."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from rcm.ledger import Account, AccountCode, Entry, Posting, account_id, entry_id_of, reversal_of
from rcm.ledger.entries import MAX_POSTINGS, content_hash
from rcm.ledger.moves import REVENUE, PayerClaim
from rcm.money import LIMIT_CENTS

TENANT, EVENT, CLAIM = UUID(int=1), UUID(int=2), UUID(int=3)
RECEIVABLE = PayerClaim(CLAIM, "DEMO1").receivable
POSTING = Posting(RECEIVABLE, REVENUE, 100, 1, "CO", "45", "TRN1")
ENTRY = Entry(
    entry_id_of(EVENT, "charge"), TENANT, "charge", EVENT, date(2026, 3, 2), "test", (POSTING,)
)


def hashed(entry: Entry) -> bytes:
    return content_hash(
        entry,
        tuple(
            (account_id(entry.tenant_id, leg.debit), account_id(entry.tenant_id, leg.credit))
            for leg in entry.postings
        ),
    )


@pytest.mark.parametrize("cents", [0, -1, LIMIT_CENTS + 1])
def test_a_posting_moves_an_amount_within_bounds(cents: int) -> None:
    with pytest.raises(ValueError, match="a posting moves"):
        replace(POSTING, cents=cents)


@pytest.mark.parametrize("cents", [1.0, True, "1"])
def test_cents_are_whole_numbers(cents: Any) -> None:
    with pytest.raises(TypeError, match="cents are an int"):
        replace(POSTING, cents=cents)


def test_no_account_pays_itself() -> None:
    with pytest.raises(ValueError, match="cannot pay itself"):
        replace(POSTING, credit=RECEIVABLE)


@pytest.mark.parametrize("count", [0, MAX_POSTINGS + 1])
def test_an_entry_has_some_postings_and_not_too_many(count: int) -> None:
    with pytest.raises(ValueError, match=f"has {count} postings"):
        replace(ENTRY, postings=(POSTING,) * count)


@pytest.mark.parametrize("change", [{"kind": ""}, {"actor": ""}])
def test_an_entry_says_what_it_is_and_who_made_it(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a kind and an actor"):
        replace(ENTRY, **change)


def test_an_entrys_id_follows_from_what_caused_it() -> None:
    ids = {
        entry_id_of(EVENT, "charge"),
        entry_id_of(EVENT, "charge", "1"),
        entry_id_of(EVENT, "remit"),
        entry_id_of(CLAIM, "charge"),
    }
    assert len(ids) == 4
    assert ENTRY.entry_id in ids


def test_a_reversal_turns_every_leg_round_and_keeps_its_cause() -> None:
    undo = reversal_of(ENTRY, source_event_id=CLAIM, effective_on=date(2026, 4, 1), actor="test")
    assert undo.reverses == ENTRY.entry_id
    assert undo.kind == "charge.reversal"
    assert undo.postings == (Posting(REVENUE, RECEIVABLE, 100, 1, "CO", "45", "TRN1"),)
    assert undo.postings[0].mirrored() == POSTING


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "other"},
        {"part": "1"},
        {"source_event_id": CLAIM},
        {"effective_on": date(2026, 3, 3)},
        {"reverses": CLAIM},
        {"postings": (POSTING, POSTING)},
        {"postings": (POSTING.mirrored(),)},
        {"postings": (replace(POSTING, cents=101),)},
        {"postings": (replace(POSTING, line_number=2),)},
        {"postings": (replace(POSTING, group_code="PR"),)},
        {"postings": (replace(POSTING, reason_code="1"),)},
        {"postings": (replace(POSTING, trace_number=None),)},
        {"postings": (replace(POSTING, credit=Account(AccountCode.CASH)),)},
    ],
)
def test_the_hash_knows_every_word_of_an_entry(change: dict[str, object]) -> None:
    assert hashed(replace(ENTRY, **change)) != hashed(ENTRY)


@pytest.mark.parametrize("change", [{"actor": "another worker"}, {"entry_id": CLAIM}])
def test_but_not_who_says_it_or_under_which_id(change: dict[str, object]) -> None:
    assert hashed(replace(ENTRY, **change)) == hashed(ENTRY)
