"""What the guidelines make of the codes together: links, combinations, drugs, symptoms, order."""

from collections.abc import Sequence

from coding_svc.domain.notes.assertion import Reading
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.suggestions.book import SuggestionBook
from coding_svc.domain.suggestions.combining import combined
from coding_svc.domain.suggestions.drugs import with_drugs
from coding_svc.domain.suggestions.pairing import paired
from coding_svc.domain.suggestions.suggestion import Suggestion, SuggestionSettings
from coding_svc.domain.suggestions.symptoms import (
    without_integral,
    without_lone_causes,
    without_vaguer,
)


def apply_guidelines(
    found: Sequence[Suggestion],
    readings: Sequence[tuple[Sentence, Reading]],
    codebook: SuggestionBook,
    settings: SuggestionSettings,
) -> list[Suggestion]:
    """Codes that are shown although nobody asserts them take no part: they combine with nothing."""
    stated = [each for each in found if each.assertion in {"present", "uncertain"}]
    others = [each for each in found if each.assertion not in {"present", "uncertain"}]
    if not settings.with_unasserted:
        stated = combined(stated, codebook)
        stated = without_vaguer(without_integral(stated))
        stated = without_lone_causes(stated)
        stated = with_drugs(stated, readings, codebook)
        stated = paired(stated, codebook.diagnoses)
    return sorted([*stated, *others], key=lambda each: (-each.score, each.code))
