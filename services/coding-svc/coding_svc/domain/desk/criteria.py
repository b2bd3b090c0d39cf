"""One small language for everything that picks charts: worklists, second-level reviews, autonomous
release, audit populations and packs. Criteria are data; all that are given must hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coding_svc.domain.desk.chart import Chart
from coding_svc.domain.encounter import CodedLine, Coding


@dataclass(frozen=True, slots=True)
class Facts:
    """What criteria ask of a coding; names nobody."""

    kind: str
    is_inpatient: bool
    payer_id: str
    filing_code: str
    provider_npi: str
    place: str
    coder: str
    charge_cents: int
    diagnoses: tuple[str, ...]
    lines: tuple[CodedLine, ...]


@dataclass(frozen=True, slots=True)
class Criteria:
    """Empty lists and None ask nothing. Within a list one is enough; `diagnosis_prefixes` and
    `procedures` take beginnings of codes and ranges (`99204-99205`)."""

    kinds: tuple[str, ...] = ()
    payer_ids: tuple[str, ...] = ()
    filing_codes: tuple[str, ...] = ()
    provider_npis: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    coders: tuple[str, ...] = ()
    diagnosis_prefixes: tuple[str, ...] = ()
    principal_prefixes: tuple[str, ...] = ()
    without_diagnosis_prefixes: tuple[str, ...] = ()
    only_diagnosis_prefixes: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    only_procedures: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    is_inpatient: bool | None = None
    min_cents: int | None = None
    max_cents: int | None = None
    min_units: int | None = None
    min_diagnoses: int | None = None

    def match(self, facts: Facts) -> bool:
        """Whether a coding meets all of them."""
        return all(self._each(facts))

    def _each(self, facts: Facts) -> Iterable[bool]:
        codes, lines = facts.diagnoses, facts.lines
        procedures = [line.procedure_code for line in lines]
        modifiers = {found for line in lines for found in line.modifiers}
        yield not self.kinds or facts.kind in self.kinds
        yield not self.payer_ids or facts.payer_id in self.payer_ids
        yield not self.filing_codes or facts.filing_code in self.filing_codes
        yield not self.provider_npis or facts.provider_npi in self.provider_npis
        yield not self.places or facts.place in self.places
        yield not self.coders or facts.coder in self.coders
        yield not self.diagnosis_prefixes or any_of(codes, self.diagnosis_prefixes)
        yield not self.principal_prefixes or any_of(codes[:1], self.principal_prefixes)
        yield not any_of(codes, self.without_diagnosis_prefixes)
        yield not self.only_diagnosis_prefixes or all_of(codes, self.only_diagnosis_prefixes)
        yield not self.procedures or any_of(procedures, self.procedures)
        yield not self.only_procedures or all_of(procedures, self.only_procedures)
        yield not self.modifiers or bool(modifiers & set(self.modifiers))
        yield self.is_inpatient is None or facts.is_inpatient == self.is_inpatient
        yield self.min_cents is None or facts.charge_cents >= self.min_cents
        yield self.max_cents is None or facts.charge_cents <= self.max_cents
        yield self.min_units is None or any(line.quantity >= self.min_units for line in lines)
        yield self.min_diagnoses is None or len(codes) >= self.min_diagnoses


def facts_of(chart: Chart, frame: Coding, *, coder: str) -> Facts:
    """The facts of a chart that is worked on."""
    primary = frame.coverages[0] if frame.coverages else None
    provider = frame.rendering_provider or frame.billing_provider
    return Facts(
        kind=chart.kind,
        is_inpatient=chart.is_inpatient,
        payer_id=primary.payer_id if primary else "",
        filing_code=primary.filing_code if primary else "",
        provider_npi=provider.npi,
        place=frame.place_of_service_code,
        coder=coder,
        charge_cents=chart.expected_cents,
        diagnoses=tuple(each.code for each in chart.diagnoses),
        lines=chart.lines,
    )


def any_of(codes: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether one of the codes is under one of the patterns."""
    return any(is_under(code, pattern) for code in codes for pattern in patterns)


def all_of(codes: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether there are codes, and every one is under a pattern."""
    return bool(codes) and all(any_of([code], patterns) for code in codes)


def is_under(code: str, pattern: str) -> bool:
    """A code is under its own beginning, and under a range that its beginning lies in."""
    first, _, last = pattern.partition("-")
    if not last:
        return code.startswith(first)
    return first <= code[: len(first)] and code[: len(last)] <= last
