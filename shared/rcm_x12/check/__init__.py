"""Checks any file of the declared guides by SNIP type 1 to 7.

check_file(source, *, codes=None, companion=None, today=None, rules=None) -> Report
load_codes(lines) -> CodeTable             external code sets from the operator's file
load_companion(source) -> Companion        one payer's own rules from JSON

A `Report` has `findings`, `interchanges`, `groups`, `sets`, `snip_levels` and `blocks`. Findings
never quote a value of the file. `RULES` holds every rule by its code; pass others as `rules`.
"""

from rcm_x12.check import (
    answers,
    balance,
    claims,
    dates,
    external,
    hierarchy,
    identifiers,
    institutional,
    lines,
    remittance,
    services,
    subscribers,
)
from rcm_x12.check.catalogue import STRUCTURE, Entry
from rcm_x12.check.codesets import (
    CodeFileInvalid,
    CodeSets,
    CodeTable,
    Standing,
    load_codes,
    shipped,
)
from rcm_x12.check.companion import Companion, CompanionInvalid, load_companion
from rcm_x12.check.file import check_file
from rcm_x12.check.report import Checked, CheckedSet, Group, Interchange, Report
from rcm_x12.check.rules import RULES, Rule

RULE_MODULES = (
    hierarchy,
    identifiers,
    dates,
    subscribers,
    claims,
    lines,
    institutional,
    balance,
    remittance,
    answers,
    external,
    services,
)
"""Importing them registers their rules."""

__all__ = [
    "RULES",
    "STRUCTURE",
    "Checked",
    "CheckedSet",
    "CodeFileInvalid",
    "CodeSets",
    "CodeTable",
    "Companion",
    "CompanionInvalid",
    "Entry",
    "Group",
    "Interchange",
    "Report",
    "Rule",
    "Standing",
    "check_file",
    "load_codes",
    "load_companion",
    "shipped",
]
