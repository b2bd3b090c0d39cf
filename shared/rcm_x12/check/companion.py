"""SNIP 7: what one payer or partner asks beyond the guide, as data that an operator writes.

    {"name": "Payer Twin 837P", "rules": [
      {"code": "TWIN-01", "loop": "2010BA", "segment": "NM1", "qualifier": "IL", "element": 9,
       "must": "match", "pattern": "A[0-9]{7}", "message": "a member id is A and 7 digits"},
      {"code": "TWIN-02", "loop": "2000B", "segment": "SBR", "element": 3, "must": "be-present",
       "message": "the group number is needed"},
      {"code": "TWIN-03", "loop": "2300", "segment": "PWK", "must": "be-absent",
       "severity": "warning", "message": "attachments go through the portal"}]}

`qualifier` is the first element of the segment (its first component for composites); without
`element` a rule speaks of the segment as a whole. `must` is be-present, be-absent, match (whole
value, `pattern`), be-at-most (`longest`) or be-one-of (`codes`). `kinds` limits it to sets.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rcm_x12.check.rules import KINDS, Context, LoopTest, Rule
from rcm_x12.findings import Severity, X12Error
from rcm_x12.pieces import at
from rcm_x12.walker import Node

_SEVERITIES: Final[dict[str, Severity]] = {"error": "error", "warning": "warning", "info": "info"}
_MUST: Final = ("be-present", "be-absent", "match", "be-at-most", "be-one-of")
_FIELDS: Final = frozenset(
    [
        "code",
        "loop",
        "segment",
        "qualifier",
        "element",
        "component",
        "must",
        "pattern",
        "longest",
        "codes",
        "severity",
        "message",
        "kinds",
    ]
)
_RULES_MAX: Final = 1000


class CompanionInvalid(X12Error):  # noqa: N818 - it says what is wrong
    """Companion rules cannot be used; `errors` names each fault with its place."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Companion:
    """A payer's rules, ready for the checker."""

    name: str
    rules: tuple[Rule, ...]


def load_companion(source: str | bytes | Mapping[str, Any]) -> Companion:
    """Companion rules from JSON or from what JSON gives. Raises CompanionInvalid."""
    if isinstance(source, str | bytes):
        try:
            source = json.loads(source)
        except ValueError as error:
            raise CompanionInvalid([f"not JSON: {error}"]) from None
    if not isinstance(source, Mapping) or not isinstance(source.get("rules"), list):
        raise CompanionInvalid(["it must be an object with a list named rules"])
    errors: list[str] = []
    if not isinstance(source.get("name"), str) or not source["name"]:
        errors.append("name: it is required")
    if len(source["rules"]) > _RULES_MAX:
        raise CompanionInvalid([f"rules: there are more than {_RULES_MAX}"])
    rules = [_rule(f"rules[{i}]", one, errors) for i, one in enumerate(source["rules"])]
    codes = [rule.code for rule in rules if rule is not None]
    errors += [
        f"rules: {code} occurs twice" for code in sorted(set(codes)) if codes.count(code) > 1
    ]
    if errors:
        raise CompanionInvalid(errors)
    return Companion(source["name"], tuple(rule for rule in rules if rule is not None))


def _rule(place: str, given: Any, errors: list[str]) -> Rule | None:
    if not isinstance(given, Mapping):
        errors.append(f"{place}: it must be an object")
        return None
    before = len(errors)
    errors += [f"{place}.{name}: there is no such field" for name in sorted(set(given) - _FIELDS)]
    _texts(place, given, errors)
    _numbers(place, given, errors)
    _demand(place, given, errors)
    kinds = given.get("kinds", list(KINDS))
    if not isinstance(kinds, list) or not set(map(str, kinds)) <= set(KINDS):
        errors.append(f"{place}.kinds: each must be one of {', '.join(KINDS)}")
    if len(errors) > before:
        return None
    severity = _SEVERITIES[given.get("severity", "error")]
    head = (given["code"], 7, severity, given["message"], "")
    # A loop that lacks a segment is judged as a loop.
    return Rule(
        *head,
        frozenset(kinds),
        frozenset({given["loop"]}),
        frozenset(),
        _test(given),
        "A companion rule.",
    )


def _texts(place: str, given: Mapping[str, Any], errors: list[str]) -> None:
    patterns = {
        "code": r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}",
        "loop": r"[0-9]{4}[A-Z]{0,2}|",
        "segment": r"[A-Z][A-Z0-9]{1,2}",
        "message": r"[^\x00-\x1f]{1,300}",
    }
    for name, pattern in patterns.items():
        value = given.get(name)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            errors.append(f"{place}.{name}: it is missing or malformed")
    if not isinstance(given.get("qualifier", ""), str):
        errors.append(f"{place}.qualifier: it must be text")
    if given.get("severity", "error") not in _SEVERITIES:
        errors.append(f"{place}.severity: it must be one of {', '.join(_SEVERITIES)}")


def _numbers(place: str, given: Mapping[str, Any], errors: list[str]) -> None:
    for name, most in (("element", 40), ("component", 12)):
        value = given.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            errors.append(f"{place}.{name}: it must be a number from 0 to {most}")
    if given.get("component") and not given.get("element"):
        errors.append(f"{place}.component: it needs an element")


def _demand(place: str, given: Mapping[str, Any], errors: list[str]) -> None:
    must = given.get("must")
    if must not in _MUST:
        errors.append(f"{place}.must: it must be one of {', '.join(_MUST)}")
    if must in _MUST[2:] and not given.get("element"):
        errors.append(f"{place}.element: {must} needs one")
    if must == "match":
        try:
            re.compile(given.get("pattern") or "(")
        except (re.error, TypeError):
            errors.append(f"{place}.pattern: it is not a regular expression")
    longest = given.get("longest")
    if must == "be-at-most" and (not isinstance(longest, int) or longest < 1):
        errors.append(f"{place}.longest: it must be a number above 0")
    codes = given.get("codes")
    if must == "be-one-of" and (
        not isinstance(codes, list) or not codes or not all(isinstance(one, str) for one in codes)
    ):
        errors.append(f"{place}.codes: it must be a list of texts")


def _test(given: Mapping[str, Any]) -> LoopTest:
    segment_id, qualifier = given["segment"], given.get("qualifier", "")
    element, component = given.get("element", 0), given.get("component", 0)
    holds = _holds(given)
    demands_presence = given["must"] == "be-present"

    def test(loop: Node, context: Context) -> None:
        found = [
            one
            for one in loop.by.get(segment_id, ())
            if not qualifier or context.parts(at(one, 1))[0] == qualifier
        ]
        if not element:
            if demands_presence and not found:
                context.say(loop, missing=segment_id)
            elif not demands_presence and found:
                context.say(loop, found[0])
            return
        for one in found:
            text = at(one, element)
            value = at(context.parts(text), component - 1) if component else text
            if not holds(value):
                context.say(loop, one, element, component)

    return test


def _holds(given: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a value is as the rule wants it; what is absent breaks only be-present."""
    match given["must"]:
        case "be-present":
            return bool
        case "be-absent":
            return lambda value: not value
        case "match":
            fits = re.compile(given["pattern"]).fullmatch
            return lambda value: not value or fits(value) is not None
        case "be-at-most":
            longest: int = given["longest"]
            return lambda value: len(value) <= longest
        case _:
            codes = frozenset(given["codes"])
            return lambda value: not value or value in codes
