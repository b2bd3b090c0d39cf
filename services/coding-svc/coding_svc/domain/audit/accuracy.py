"""Three accuracies, never one for another, in all and by whom they are asked for."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from coding_svc.domain.audit import statistics as st
from coding_svc.domain.audit.statistics import Proportion
from coding_svc.domain.desk.review import Review

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Codes: agreed of agreed, changed, added and deleted. Encounters: those without an error.
    Financial: those whose payment would not have changed."""

    codes: Proportion
    encounters: Proportion
    financial: Proportion


@dataclass(frozen=True, slots=True)
class Reading:
    """A review beside how it came to be read: `second_level`, `sample`, or an audit's method.
    Figures of the one say nothing of the other: what is risky is not what is usual."""

    basis: str
    review: Review


def accuracy(read: Sequence[Review]) -> Accuracy:
    """The three numbers of what was read."""
    agreed, all_codes = 0, 0
    for each in read:
        changes = Counter(found.change for found in each.upheld)
        codes = len(each.coding.diagnoses) + len(each.coding.lines)
        agreed += max(0, codes - changes["changed"] - changes["deleted"])
        all_codes += max(codes, changes["changed"] + changes["deleted"]) + changes["added"]
    clean = sum(not each.upheld for each in read)
    same = sum(impact_cents(each) == 0 for each in read)
    return Accuracy(
        codes=st.proportion(agreed, all_codes),
        encounters=st.proportion(clean, len(read)),
        financial=st.proportion(same, len(read)),
    )


def impact_cents(review: Review) -> int:
    """What the errors that stand changed of its payment; above 0 was overpaid."""
    return sum(found.impact_cents for found in review.upheld)


def grouped(read: Sequence[Review], by: str) -> dict[str, Accuracy]:
    """The accuracy of each coder, provider, specialty, payer or month among what was read."""
    groups: dict[str, list[Review]] = {}
    for each in read:
        groups.setdefault(GROUPS[by](each), []).append(each)
    return {name: accuracy(group) for name, group in sorted(groups.items())}


def rows(readings: Sequence[Reading], by: str) -> list[Row]:
    """A row for each basis and group, every rate beside its n and its interval."""
    found: list[Row] = []
    for basis in sorted({each.basis for each in readings}):
        read = [each.review for each in readings if each.basis == basis]
        for name, figures in grouped(read, by).items():
            row: Row = {"basis": basis, COLUMNS[by]: name, "reviews": figures.encounters.n}
            row |= _columns("codes", figures.codes)
            row |= _columns("encounters", figures.encounters)
            found.append(row | _columns("financial", figures.financial))
    return found


def _columns(name: str, figure: Proportion) -> Row:
    return {
        f"{name}_n": figure.n,
        f"{name}_right": figure.hits,
        f"{name}_accuracy": _rounded(figure.value),
        f"{name}_low": _rounded(figure.low),
        f"{name}_high": _rounded(figure.high),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _month(review: Review) -> str:
    """Of the last day of the visit, such as `2026-04`."""
    day = review.coding.end_date_of_service or review.coding.date_of_service
    return f"{day:%Y-%m}"


def _specialty(review: Review) -> str:
    """The taxonomy code of who rendered the services; empty where nobody told it."""
    provider = review.coding.rendering_provider or review.coding.billing_provider
    return provider.taxonomy_code or ""


GROUPS: Mapping[str, Callable[[Review], str]] = MappingProxyType(
    {
        "coder": lambda review: review.coder,
        "provider": lambda review: review.provider_npi,
        "specialty": _specialty,
        "payer": lambda review: review.payer_id,
        "month": _month,
    }
)
COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "coder": "coder",
        "provider": "provider_npi",
        "specialty": "taxonomy_code",
        "payer": "payer_id",
        "month": "month",
    }
)
