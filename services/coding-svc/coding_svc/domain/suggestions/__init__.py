"""From a note to codes that a coder may take: each with the characters that it rests on.

`suggest` is the whole of it: pure, the same for the same note, date and releases. A suggestion is
never final; it says how it was found, how surely, what else it could be and what must be asked.
"""

from coding_svc.domain.suggestions.book import Candidate, SuggestionBook
from coding_svc.domain.suggestions.engine import suggest
from coding_svc.domain.suggestions.suggestion import (
    Ask,
    Competitor,
    Method,
    Reason,
    Suggestion,
    SuggestionSettings,
    System,
)

__all__ = [
    "Ask",
    "Candidate",
    "Competitor",
    "Method",
    "Reason",
    "Suggestion",
    "SuggestionBook",
    "SuggestionSettings",
    "System",
    "suggest",
]
