"""Audits: who is drawn, how many are enough, what the findings come to, and how surely."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from coding_svc.domain.audit import statistics as st
from coding_svc.domain.audit.accuracy import Reading, accuracy, grouped, rows
from coding_svc.domain.audit.extrapolation import Extrapolation, Frame, extrapolated
from coding_svc.domain.audit.packs import packs
from coding_svc.domain.audit.results import refund_due_on, results
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


def frame(method: Method = "random", **changes: Any) -> Frame:
    return replace(Frame(method, draws=4, items=10, charge_cents=100_000), **changes)


def erring(number: int, impact_cents: int, **changes: Any) -> Review:
    finding = replace(WRONG, impact_cents=impact_cents)
    return review(number, *((finding,) if impact_cents else ()), **changes)


def test_what_a_rebuttal_overturned_does_not_count() -> None:
    fallen = replace(WRONG, is_upheld=False)
    found = results([review(1, fallen, status="resolved")], frame())
    assert (found.accuracy.encounters.hits, found.overturned, found.findings) == (1, 1, {})


def figures(found: Extrapolation | str) -> tuple[int, int, int, int]:
    assert isinstance(found, Extrapolation), found
    return found.estimate_cents, found.error_cents, found.low_cents, found.high_cents


def test_a_random_sample_is_extrapolated_with_its_lower_limit() -> None:
    read = [review(at, *((EXTRA,) if at % 2 else ())) for at in range(40)]
    found = extrapolated(read, frame(items=1_000))
    # sd 2126.8, n 40, correction sqrt(960/1000), t(0.90, 39) 1.68488
    assert figures(found) == pytest.approx((2_100_000, 329_476, 1_544_874, 2_655_126), abs=2)
    assert isinstance(found, Extrapolation)
    assert (found.sample_cents, found.error_rate_permille) == (84_000, 210)


def strata() -> list[Review]:
    """Of stratum a 4 of 100 are read, of b 2 of 50."""
    of_a = [erring(at, cents, stratum="a", weight=25.0) for at, cents in enumerate((0, 0, 20, 60))]
    of_b = [erring(at, cents, stratum="b", weight=25.0) for at, cents in ((10, 100), (11, 300))]
    return of_a + of_b


def test_a_stratified_sample_is_extrapolated_stratum_by_stratum() -> None:
    """By hand: 100 x 20 + 50 x 200; the variance is 100 x 96 x 800/4 + 50 x 48 x 20,000/2; by
    Satterthwaite (1.92 + 24)^2 / (1.92^2/3 + 24^2) = 1.16 degrees of freedom, so t(0.90, 1)."""
    found = extrapolated(strata(), frame("stratified", items=150))
    half = 6.31375 * 5_091.17
    assert figures(found) == pytest.approx((12_000, 5_091, 12_000 - half, 12_000 + half), abs=2)


def test_strata_of_other_shares_weigh_by_their_size() -> None:
    """The plain mean of all items would say 150 x 80 = 12,000 whatever the strata hold."""
    heavy = [replace(each, weight=35.0 if each.stratum == "a" else 5.0) for each in strata()]
    estimate, *_ = figures(extrapolated(heavy, frame("stratified", items=150)))
    assert estimate == 140 * 20 + 10 * 200


def test_a_stratum_that_was_read_whole_is_known() -> None:
    whole = [
        *(replace(each, weight=1.0) for each in strata() if each.stratum == "a"),
        erring(20, 1_000, stratum="c", weight=1.0),
    ]
    assert figures(extrapolated(whole, frame("stratified", items=5))) == (1_080, 0, 1_080, 1_080)


def test_a_sample_by_size_is_extrapolated_by_what_each_cent_erred() -> None:
    """By hand, after Hansen and Hurwitz: items of 100, 200, 300 and 400 of 1,000 cents say 100,
    200, 100 and 200; their mean is 150, its error sqrt(3,333.3/4) = 28.87, t(0.90, 3) 2.3534."""
    items_ = ((100, 10), (200, 40), (300, 30), (400, 80))
    read = [
        erring(at, cents, charge_cents=size, weight=1_000 / (4 * size))
        for at, (size, cents) in enumerate(items_)
    ]
    by_size = frame("proportional_to_size", draws=4, items=40, charge_cents=1_000)
    found = extrapolated(read, by_size)
    assert figures(found) == (150, 29, 82, 218)
    # An item that was hit twice counts twice: 100, 200, 200 and 200 now.
    twice = [read[0], read[1], replace(read[3], weight=2 * read[3].weight)]
    assert figures(extrapolated(twice, by_size))[0] == 175


@pytest.mark.parametrize(
    ("reviews", "changes", "why"),
    [
        ([review(1, EXTRA), review(2)], {"method": "risk"}, "not random"),
        ([review(1, EXTRA)], {}, "two items at least"),
        ([review(1, EXTRA), review(2, status="open")], {}, "two items at least"),
        ([review(at) for at in range(11)], {}, "two items at least"),
        (strata(), {"method": "stratified", "items": 160}, "a stratum has no item"),
        (
            [*strata()[:4], replace(strata()[4], weight=50.0)],
            {"method": "stratified", "items": 150},
            "every stratum needs two",
        ),
    ],
)
def test_nothing_is_extrapolated_from_what_says_nothing_of_the_rest(
    reviews: list[Review], changes: dict[str, Any], why: str
) -> None:
    found = results(reviews, frame(**changes))
    assert found.extrapolation is None
    assert why in found.notes[0]


def test_of_what_nobody_charged_for_every_item_was_as_likely() -> None:
    read = [erring(at, cents, charge_cents=0) for at, cents in enumerate((0, 20))]
    by_size = frame("proportional_to_size", charge_cents=0)
    assert figures(extrapolated(read, by_size))[0] == 100


@pytest.mark.parametrize("method", ["random", "stratified", "proportional_to_size"])
def test_over_many_seeds_estimates_are_right_and_lower_limits_mostly_below(method: Method) -> None:
    """A population of 300 that errs more the dearer an item is, drawn 300 times."""
    population = [
        Item(derived_id(TENANT, at), 1, size := 1_000 * (1 + at % 30), f"s{size // 10_001}")
        for at in range(300)
    ]
    errs = {
        each.encounter_id: each.charge_cents // 4 * (at % 3 == 0)
        for at, each in enumerate(population)
    }
    truth, total = sum(errs.values()), sum(each.charge_cents for each in population)
    estimates, below = [], 0
    for seed in range(300):
        drawn = draw(Plan("a", method, seed, 40), population)
        read = [
            erring(at, errs[each.item.encounter_id], weight=each.weight,
                   charge_cents=each.item.charge_cents, stratum=each.item.stratum)
            for at, each in enumerate(drawn)
        ]  # fmt: skip
        found = figures(extrapolated(read, Frame(method, 40, 300, total)))
        estimates.append(found[0])
        below += found[2] <= truth
    assert sum(estimates) / len(estimates) == pytest.approx(truth, rel=0.03)
    assert below >= 270


def test_second_readers_measure_agreement_only() -> None:
    second = [review(1, WRONG, reader=2), review(2, reader=2)]
    found = results([review(1, WRONG), review(2), *second], frame())
    assert (found.read, found.kappa, found.agreement.n) == (2, 1.0, 2)


def test_a_refund_is_due_after_sixty_days() -> None:
    assert refund_due_on(date(2026, 1, 1)) == date(2026, 3, 2)


@pytest.mark.parametrize("code", packs())
def test_a_pack_asks_something(code: str) -> None:
    assert packs()[code].criteria != type(packs()[code].criteria)()
