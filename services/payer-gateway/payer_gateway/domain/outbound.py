"""The last look at a file before it may leave: claims that break a guide stay, the others go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rcm.contracts import values
from rcm_x12 import findings as x12
from rcm_x12.check import Companion, check_file

# A person reads them: a claim with more than these is mended by the first ones.
FINDINGS_PER_CLAIM = 20
UNPLACED = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a claim stays here. No finding quotes a value."""

    findings: tuple[values.Finding, ...]

    @property
    def reason(self) -> str:
        first, *more = self.findings
        place = f"{first.location}: " if first.location else ""
        return f"{place}{first.message}" + (f" (and {len(more)} more)" if more else "")

    @classmethod
    def of(cls, reason: str, *, code: str = "unsendable") -> "Refusal":
        """From words of the form `place: reason`."""
        place, _, rest = reason.partition(": ")
        return cls((values.Finding(code=code, message=rest or place, location=place),))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What blocks a file, by the control number (CLM01) of the claim that it belongs to; what
    belongs to no claim is under the empty one."""

    blocking: Mapping[str, Refusal]

    @property
    def is_clean(self) -> bool:
        return not self.blocking

    @property
    def names_claims_only(self) -> bool:
        return UNPLACED not in self.blocking


def judge(
    content: bytes, *, on: date, companions: Sequence[Companion] = (), guide: bool = True
) -> Verdict:
    """Our checker's word, types 1 to 6 by the guide and 7 by the companion rules."""
    found: dict[str, list[values.Finding]] = {}
    companion = Companion("all", tuple(rule for each in companions for rule in each.rules))
    report = check_file(content, companion=companion, today=on, rules=None if guide else ())
    for finding in report.findings:
        if finding.severity == "error":
            kept = found.setdefault(finding.reference, [])
            if len(kept) < FINDINGS_PER_CLAIM:
                kept.append(_in_our_words(finding))
    if report.blocks and not found:
        found[UNPLACED] = [values.Finding(code="blocked", message="the file breaks its guide")]
    return Verdict({reference: Refusal(tuple(kept)) for reference, kept in found.items()})


def _in_our_words(finding: x12.Finding) -> values.Finding:
    place = f"{finding.segment_id}{finding.element:02d}" if finding.element else finding.segment_id
    return values.Finding(
        code=finding.code,
        message=finding.message,
        location=" ".join(filter(None, (finding.loop, place))) or None,
    )
