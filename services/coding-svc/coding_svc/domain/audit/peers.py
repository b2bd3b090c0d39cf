"""A provider beside the others: levels of office visits, and modifiers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coding_svc.domain.audit import statistics as st

Row = dict[str, object]
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "new_patient": ("99202", "99203", "99204", "99205"),
    "established_patient": ("99211", "99212", "99213", "99214", "99215"),
}
WATCHED = ("25", "59")


@dataclass(frozen=True, slots=True)
class Billed:
    """How often a provider billed a service, and how often with which modifiers."""

    provider_npi: str
    procedure_code: str
    modifiers: tuple[str, ...]
    count: int


def levels(billed: Sequence[Billed]) -> list[Row]:
    """Each provider's distribution over the levels, tested against all others together: chi-square
    for the whole, z for each level."""
    rows: list[Row] = []
    for family, codes in FAMILIES.items():
        counts = _counts(billed, codes)
        for provider, own in sorted(counts.items()):
            others = [sum(c[at] for p, c in counts.items() if p != provider)
                      for at in range(len(codes))]  # fmt: skip
            rows += _levels(provider, family, own, others)
    return rows


def modifiers(billed: Sequence[Billed]) -> list[Row]:
    """How often each provider's services bear a modifier that payers watch, beside all others."""
    lines: Counter[str] = Counter()
    bearing: Counter[tuple[str, str]] = Counter()
    for each in billed:
        lines[each.provider_npi] += each.count
        for modifier in WATCHED:
            bearing[each.provider_npi, modifier] += each.count * (modifier in each.modifiers)
    rows: list[Row] = []
    for provider in sorted(lines):
        for modifier in WATCHED:
            own, n = bearing[provider, modifier], lines[provider]
            peers = sum(lines.values()) - n
            peer_share = _share(sum(bearing[p, modifier] for p in lines) - own, peers)
            rate = st.proportion(own, n)
            rows.append({
                "provider_npi": provider, "modifier": modifier, "lines": n, "with_modifier": own,
                "rate": _rounded(rate.value), "low": _rounded(rate.low),
                "high": _rounded(rate.high), "peer_rate": _rounded(peer_share),
                "z": _rounded(st.z_of_share(own, n, peer_share or 0)),
            })  # fmt: skip
    return rows


def _levels(provider: str, family: str, own: Sequence[int], others: Sequence[int]) -> Iterable[Row]:
    shares = [_share(count, sum(others)) or 0.0 for count in others]
    value, freedom = st.chi_square(own, shares)
    p = st.chi_square_p(value, freedom) if any(shares) else None
    for at, code in enumerate(FAMILIES[family]):
        yield {
            "provider_npi": provider, "family": family, "procedure_code": code,
            "visits": own[at], "share": _rounded(_share(own[at], sum(own))),
            "peer_share": _rounded(shares[at] if any(shares) else None),
            "z": _rounded(st.z_of_share(own[at], sum(own), shares[at])),
            "chi_square": _rounded(value if any(shares) else None), "p": _rounded(p),
        }  # fmt: skip


def _counts(billed: Sequence[Billed], codes: Sequence[str]) -> dict[str, list[int]]:
    counts: dict[str, list[int]] = {}
    for each in billed:
        if each.procedure_code in codes:
            own = counts.setdefault(each.provider_npi, [0] * len(codes))
            own[codes.index(each.procedure_code)] += each.count
    return counts


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
