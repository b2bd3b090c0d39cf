"""Audits: who is drawn, how many are enough, what the findings come to, and how surely."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from coding_svc.domain.audit import statistics as st
from coding_svc.domain.audit.accuracy import Reading, accuracy, grouped, rows
from coding_svc.domain.audit.packs import packs
from coding_svc.domain.audit.results import extrapolated, refund_due_on, results
from coding_svc.domain.audit.sampling import Item, Method, Plan, draw
from coding_svc.domain.desk.review import Review, ReviewFinding
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine, Coding
from rcm.ids import derived_id
from rcm.testing.claims import CLINIC, DAY
from rcm.testing.samples import TENANT

NOW = datetime(2026, 4, 1, tzinfo=UTC)
CODING = Coding(
    DAY, "11", CLINIC, diagnoses=(CodedDiagnosis("I10", "ABK"),),
    lines=(CodedLine("99213", DAY), CodedLine("36415", DAY), CodedLine("80053", DAY)),
)  # fmt: skip


def items(count: int = 100) -> list[Item]:
    return [
        Item(derived_id(TENANT, at), 1, 1_000 * (1 + at % 10), f"s{at % 4 // 3}", risk=at)
        for at in range(count)
    ]


@pytest.mark.parametrize("method", ["random", "stratified", "proportional_to_size", "risk"])
def test_a_seed_draws_the_same_sample_again(method: Method) -> None:
    plan = Plan("a", method, 7, 20)
    once = draw(plan, items())
    assert draw(plan, items()[::-1]) == once
    assert 10 <= len(once) <= 20
    assert (draw(replace(plan, seed=8), items()) == once) is (method == "risk")


def test_strata_have_their_shares_and_weights_add_up() -> None:
    drawn = draw(Plan("a", "stratified", 7, 20), items())
    counts = [sum(each.item.stratum == name for each in drawn) for name in ("s0", "s1")]
    assert counts == [15, 5]
    assert sum(each.weight for each in drawn) == pytest.approx(100)


def test_what_is_dear_is_drawn_for_sure() -> None:
    dear = Item(derived_id(TENANT, "dear"), 1, 10_000_000)
    for seed in range(20):
        drawn = draw(Plan("a", "proportional_to_size", seed, 10), [*items(), dear])
        assert dear in [each.item for each in drawn]


def test_risk_reads_the_riskiest() -> None:
    drawn = draw(Plan("a", "risk", 7, 3), items())
    assert [each.item.risk for each in drawn] == [99, 98, 97]


@pytest.mark.parametrize(
    ("found", "known"),
    [
        # Newcombe (1998), table I: 81 of 263 by Wilson's method without continuity correction.
        ((st.proportion(81, 263).low, st.proportion(81, 263).high), (0.2553, 0.3662)),
        ((st.proportion(0, 20).low, st.proportion(0, 20).high), (0.0, 0.1611)),
        # Tables of the distributions.
        (st.chi_square_p(3.841, 1), 0.05),
        (st.chi_square_p(9.488, 4), 0.05),
        (st.chi_square_p(11.345, 3), 0.01),
        (st.t_of(0.90, 29), 1.699),
        (st.t_of(0.95, 10), 2.228),
        (st.t_of(0.90, 1), 6.3138),
        (st.t_of(0.90, 2), 2.9200),
        (st.t_of(0.95, 3), 3.1824),
        (st.t_of(0.95, 1_000), 1.9623),
        # Cohen (1960): 20 and 15 agreements of 50, 5 and 10 disagreements.
        (st.kappa([(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10
                  + [(False, False)] * 15), 0.4),
    ],
)  # fmt: skip
def test_figures_are_those_of_the_tables(found: Any, known: Any) -> None:
    assert found == pytest.approx(known, abs=6e-4)


@pytest.mark.parametrize(
    ("size", "known"),
    [
        (st.attribute_size(10**9, rate=0.5, precision=0.05, confidence=0.95), 385),
        (st.attribute_size(1_000, rate=0.5, precision=0.05, confidence=0.95), 278),
        (st.attribute_size(20, rate=0.5, precision=0.01, confidence=0.95), 20),
        (st.variable_size(10**9, mean=100, deviation=200, precision=0.25, confidence=0.90), 174),
        (st.variable_size(50, mean=0, deviation=1, precision=0.25, confidence=0.90), 50),
    ],
)
def test_how_many_are_enough(size: int, known: int) -> None:
    assert size == known


def review(number: int = 0, *findings: ReviewFinding, **changes: Any) -> Review:
    made = Review(
        TENANT, derived_id(TENANT, number), derived_id(TENANT, "e", number), 1, "audit", "coder",
        "", "", CODING, NOW, findings=findings, charge_cents=10_000,
        status="disagreed" if findings else "agreed",
    )  # fmt: skip
    return replace(made, **changes)


WRONG = ReviewFinding("wrong", "major", "coder", "I10", "I119", 2_000)
MISSED = ReviewFinding("missed", "minor", "documentation", "", "E119")
EXTRA = ReviewFinding("unsupported", "major", "coder", "80053", "", 4_200)


def test_three_accuracies_are_three_numbers() -> None:
    found = accuracy([review(1), review(2, WRONG), review(3, MISSED), review(4, EXTRA)])
    # Four codings of four codes: one changed, one deleted, and one more that was added.
    assert (found.codes.hits, found.codes.n) == (14, 17)
    assert (found.encounters.hits, found.encounters.n) == (1, 4)
    assert (found.financial.hits, found.financial.n) == (2, 4)


OTHERS = replace(
    CODING,
    date_of_service=date(2026, 3, 31),
    end_date_of_service=date(2026, 4, 2),
    rendering_provider=CLINIC.model_copy(update={"taxonomy_code": "207R00000X"}),
)


@pytest.mark.parametrize(
    ("by", "change", "names"),
    [
        ("coder", {"coder": "other"}, ["coder", "other"]),
        ("provider", {"provider_npi": "1000000004"}, ["", "1000000004"]),
        ("payer", {"payer_id": "DEMO1"}, ["", "DEMO1"]),
        ("specialty", {"coding": OTHERS}, [CLINIC.taxonomy_code or "", "207R00000X"]),
        # of the last day of the visit
        ("month", {"coding": OTHERS}, [f"{DAY:%Y-%m}", "2026-04"]),
    ],
)
def test_accuracy_is_told_apart_by(by: str, change: dict[str, Any], names: list[str]) -> None:
    found = grouped([review(1, WRONG), review(2), review(3, **change)], by)
    assert sorted(found) == sorted(names)
    figures = [(found[name].encounters.hits, found[name].encounters.n) for name in names]
    assert figures == [(1, 2), (1, 1)]


def test_a_row_of_accuracy_has_n_and_interval_and_no_basis_is_another() -> None:
    readings = [
        Reading("random", review(1, WRONG)),
        Reading("random", review(2)),
        Reading("risk", review(3, EXTRA)),
    ]
    random, risk = rows(readings, "payer")
    assert (random["basis"], random["payer_id"], random["reviews"]) == ("random", "", 2)
    assert (random["codes_right"], random["codes_n"], random["codes_accuracy"]) == (7, 8, 0.875)
    # Wilson's interval of 1 of 2 and of 0 of 1
    assert (random["encounters_low"], random["encounters_high"]) == (0.0945, 0.9055)
    assert (risk["basis"], risk["financial_right"], risk["financial_high"]) == ("risk", 0, 0.7935)


def test_what_a_rebuttal_overturned_does_not_count() -> None:
    fallen = replace(WRONG, is_upheld=False)
    found = results([review(1, fallen, status="resolved")], population=10, is_random=True)
    assert (found.accuracy.encounters.hits, found.overturned, found.findings) == (1, 1, {})


def test_an_overpayment_is_extrapolated_with_its_lower_limit() -> None:
    read = [review(at, *((EXTRA,) if at % 2 else ())) for at in range(40)]
    found = extrapolated(read, 1_000)
    assert found is not None
    assert (found.sample_cents, found.estimate_cents) == (84_000, 2_100_000)
    assert found.low_cents < found.estimate_cents < found.high_cents
    assert found.estimate_cents - found.low_cents == found.high_cents - found.estimate_cents
    # sd 2126.8, n 40, t(0.90, 39) 1.685, correction sqrt(960/1000)
    assert found.low_cents == pytest.approx(2_100_000 - 555_000, rel=0.001)


def test_nothing_is_extrapolated_from_what_was_not_drawn_by_chance() -> None:
    found = results([review(1, EXTRA), review(2)], population=10, is_random=False)
    assert (found.extrapolation, len(found.notes)) == (None, 1)


def test_second_readers_measure_agreement_only() -> None:
    second = [review(1, WRONG, reader=2), review(2, reader=2)]
    found = results([review(1, WRONG), review(2), *second], population=10, is_random=True)
    assert (found.read, found.kappa, found.agreement.n) == (2, 1.0, 2)


def test_a_refund_is_due_after_sixty_days() -> None:
    assert refund_due_on(date(2026, 1, 1)) == date(2026, 3, 2)


@pytest.mark.parametrize("code", packs())
def test_a_pack_asks_something(code: str) -> None:
    assert packs()[code].criteria != type(packs()[code].criteria)()
