"""Templates of queries, as data: a question and its choices, for a coder to add the indicators."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from coding_svc.domain.desk.wording import Question

FILE = Path(__file__).parent / "query_templates.json"


@dataclass(frozen=True, slots=True)
class Template:
    """One template. `may_be_yes_no` holds for what is documented already."""

    code: str
    title: str
    question: str
    options: tuple[str, ...]
    may_be_yes_no: bool

    def asked(self, indicators: str) -> Question:
        """The question with what of a record gives rise to it."""
        return Question(self.question, indicators, self.options, self.may_be_yes_no)


@cache
def templates() -> dict[str, Template]:
    """All by their code."""
    return {
        each["code"]: Template(
            code=each["code"],
            title=each["title"],
            question=each["question"],
            options=tuple(each["options"]),
            may_be_yes_no=each.get("may_be_yes_no", False),
        )
        for each in json.loads(FILE.read_text(encoding="utf-8"))
    }
