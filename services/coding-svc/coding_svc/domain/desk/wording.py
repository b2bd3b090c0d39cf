"""Whether a query to a physician leaves the answer to the physician.

After the practice brief of ACDIS and AHIMA on compliant queries (2022): clinical indicators of this
patient, no mention of payment, no answer given away, choices that include other and undetermined.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

INDICATORS_MIN_CHARACTERS = 15
OPTIONS_MAX = 10
_MONEY = re.compile(
    r"\b(reimburs\w*|paymen\w*|pay(s|ing|er)?\b|drg|cmi|case mix|weight(ed)? higher|revenue|"
    r"denial|hcc|raf|risk adjust\w*|quality (score|metric)|severity score|profit\w*)",
    re.IGNORECASE,
)
# In the indicators a denial is the patient's, and HCC a carcinoma.
_MONEY_OF_A_RECORD = re.compile(
    r"\b(reimburs\w*|paymen\w*|payer|drg|cmi|case mix|revenue|risk adjust\w*|"
    r"quality (score|metric)|profit\w*)",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"(please (document|add|write|state|agree|confirm)\b|\b(you (should|must|need to|meant))\b|"
    r"do(n't| not) you (agree|think)|would you agree|is it (not|safe to say)|can you just|"
    r"we need (you|a diagnosis)|isn't it|wouldn't you)",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^\s*(is|are|was|were|does|do|did|has|have|had|can|could|should|would)\b", re.IGNORECASE
)
_OTHER = re.compile(r"\bother\b", re.IGNORECASE)
_UNDETERMINED = re.compile(
    r"(unable|not possible|cannot|can't) (to )?(be )?determine|undetermined", re.IGNORECASE
)
_YES = re.compile(r"^\s*(yes|no)\s*($|[,.;(])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """What a physician is asked: the question, what of this record gives rise to it, the choices.
    `may_be_yes_no` holds for what is documented already (POA, cause and effect)."""

    question: str = field(repr=False)
    indicators: str = field(repr=False)
    options: tuple[str, ...] = field(default=(), repr=False)
    may_be_yes_no: bool = False


@dataclass(frozen=True, slots=True)
class WordingFinding:
    """One breach and its place. Quotes nothing of the question."""

    code: str
    place: str
    message: str


Check = Callable[[Question], Iterator[tuple[str, str]]]
_checks: dict[str, Check] = {}


def _check(code: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        _checks[code] = check
        return check

    return register


def checks() -> Mapping[str, Check]:
    """Every rule of wording by its code."""
    return MappingProxyType(_checks)


def breaches(question: Question, *, without: frozenset[str] = frozenset()) -> list[WordingFinding]:
    """Everything that keeps a query from being sent."""
    return [
        WordingFinding(code, place, message)
        for code, check in _checks.items()
        if code not in without
        for place, message in check(question)
    ]


@_check("Q001")
def asks_something(asked: Question) -> Iterator[tuple[str, str]]:
    """A query asks one question."""
    if not asked.question.strip().endswith("?"):
        yield "/question", "does not end as a question"


@_check("Q002")
def has_indicators(asked: Question) -> Iterator[tuple[str, str]]:
    """It says what in this record gives rise to it."""
    if len(asked.indicators.strip()) < INDICATORS_MIN_CHARACTERS:
        yield "/indicators", "names no clinical indicators of this record"


@_check("Q003")
def is_silent_on_money(asked: Question) -> Iterator[tuple[str, str]]:
    """It does not speak of payment, quality scores or what a code is worth."""
    for place, text in _texts(asked):
        if _MONEY.search(text):
            yield place, "speaks of payment or scores"
    if _MONEY_OF_A_RECORD.search(asked.indicators):
        yield "/indicators", "speaks of payment or scores"


@_check("Q004")
def does_not_lead(asked: Question) -> Iterator[tuple[str, str]]:
    """It does not tell what to answer."""
    for place, text in _texts(asked):
        if _LEADING.search(text):
            yield place, "leads to an answer"
    if _LEADING.search(asked.indicators):
        yield "/indicators", "leads to an answer"


@_check("Q005")
def is_no_yes_or_no(asked: Question) -> Iterator[tuple[str, str]]:
    """A diagnosis that is not documented is not asked for by yes or no."""
    if asked.may_be_yes_no:
        return
    if _YES_NO.search(asked.question):
        yield "/question", "can be answered by yes or no"
    for at, option in enumerate(asked.options):
        if _YES.search(option):
            yield f"/options/{at}", "is yes or no"


@_check("Q006")
def offers_a_choice(asked: Question) -> Iterator[tuple[str, str]]:
    """Choices are none (an open question), or at least two that are clinical."""
    clinical = [each for each in asked.options if not _is_open(each)]
    if asked.options and not asked.may_be_yes_no and len(clinical) < 2:
        yield "/options", "offers fewer than two clinical choices"
    if len(asked.options) > OPTIONS_MAX:
        yield "/options", "offers more choices than anybody reads"


@_check("Q007")
def leaves_it_open(asked: Question) -> Iterator[tuple[str, str]]:
    """Choices include another one and that it cannot be determined."""
    if not asked.options:
        return
    if not any(_OTHER.search(each) for each in asked.options):
        yield "/options", "has no choice for another answer"
    if not any(_UNDETERMINED.search(each) for each in asked.options):
        yield "/options", "has no choice for what cannot be determined"


def _texts(asked: Question) -> Iterator[tuple[str, str]]:
    yield "/question", asked.question
    for at, option in enumerate(asked.options):
        yield f"/options/{at}", option


def _is_open(option: str) -> bool:
    return bool(_OTHER.search(option) or _UNDETERMINED.search(option))
