"""Where pyx12 fails on files of others, the checker says what is true and nothing else.

What pyx12 lets pass stands in `test_check_rules.py`. Here is what it crashes on, what it wrongly
refuses, and where one fault of its makes many. Each row says of pyx12 too what it does, so that it
is known when it no longer does.
"""

from datetime import date
from pathlib import Path

import pytest
import x12_defects as files
import x12_world as world
from x12_defects import broken

from rcm_x12.check import check_file
from rcm_x12.document import read_sets

P, PAID, ACKNOWLEDGED, ANSWERED = files.PROFESSIONAL, files.PAID, files.ACKNOWLEDGED, files.ANSWERED


def pyx12_says(content: bytes) -> str:
    """`passes`, `refuses`, or the name of what it raises."""
    try:
        return "passes" if world.pyx12_accepts(content) else "refuses"
    except Exception as error:  # noqa: BLE001 - any exception is what is looked for
        return type(error).__name__


def said(content: bytes) -> set[str]:
    found = check_file(content, today=date(2026, 3, 1)).findings
    return {one.code for one in found if one.severity != "info"}


CRASHES = {
    "five pointers": (broken(P, ("*1:2~", "*1:2:1:2:1~")), "IndexError", {"component-too-many"}),
    **{
        version: (P.replace(b"005010X222A1", version.encode()), "EngineError", codes)
        for version, codes in {
            "005010X222": {"GS-label"},
            "005010X222A2": {"GS-label"},
            "005010": {"ST-unsupported"},
        }.items()
    },
}


@pytest.mark.parametrize(("content", "theirs", "ours"), CRASHES.values(), ids=CRASHES.keys())
def test_what_makes_pyx12_crash_is_a_finding(content: bytes, theirs: str, ours: set[str]) -> None:
    assert pyx12_says(content) == theirs
    assert said(content) - {"pointer-repeated"} == ours


OWN = Path(__file__).parents[2] / "data" / "x12"
WRONGLY_REFUSED = {
    "certificate of equipment": (files.EQUIPMENT, "refuses"),
    "subrogation": (broken(P, ("*1230*CH~", "*1230*31~")), "refuses"),
    "a newer remark code": (
        broken(PAID, ("MI*M1234567~SVC", "MI*M1234567~MOA***N770~SVC")),
        "refuses",
    ),
    "two contexts": (
        broken(
            ANSWERED,
            (
                "~IK5*A",
                "~IK3*REF*9*2300*I6~CTX*SITUATIONAL TRIGGER*CLM*8*2300*5:3~CTX*CLM01:C0001~IK5*R",
            ),
            ("AK9*A*1*1*1", "AK9*R*1*1*0"),
        ),
        "refuses",
    ),
    "a provider's claims rejected": (
        (OWN / "277ca_provider_rejected.x12").read_bytes(),
        "refuses",
    ),
    "indentation": (P.replace(b"~", b"~\n  "), "refuses"),
}


@pytest.mark.parametrize(
    ("content", "theirs"), WRONGLY_REFUSED.values(), ids=WRONGLY_REFUSED.keys()
)
def test_what_pyx12_wrongly_refuses_has_no_finding(content: bytes, theirs: str) -> None:
    assert pyx12_says(content) == theirs
    assert said(content) == set()


CASCADES = {
    "product qualifier": (PAID, ("SVC*HC:99213*100*50", "SVC*XX:99213*100*50"), {"element-code"}),
    "entity code": (P, ("NM1*40*2", "NM1*4O*2"), {"segment-unexpected", "segment-missing"}),
}


@pytest.mark.parametrize(("base", "change", "ours"), CASCADES.values(), ids=CASCADES.keys())
def test_one_bad_qualifier_is_one_fault_and_the_rest_is_read(
    base: bytes, change: tuple[str, str], ours: set[str]
) -> None:
    content = broken(base, change)
    assert said(content) == ours
    assert len([one for one in check_file(content).findings if one.severity == "error"]) == len(
        ours
    )
    ((_, read),) = read_sets(content, [])
    assert read is not None
    assert len(read.content.claims) == len(
        next(one for _, one in read_sets(base, []) if one).content.claims
    )


@pytest.mark.parametrize("base", [PAID, files.INSTITUTIONAL, ACKNOWLEDGED, files.COVERED])
def test_a_truncated_file_is_told_and_never_crashes(base: bytes) -> None:
    for end in range(110, len(base), 7):
        assert check_file(base[:end]).findings


@pytest.mark.parametrize(
    ("base", "change", "ours"),
    [
        (P, ("36415*50*", "36415*50.000*"), {"amount-decimals"}),
        (PAID, ("L6*-1.25", "L6*-1.250"), {"amount-decimals"}),
        (PAID, ("CO*197*80", "CO*197*-80"), {"line-balance"}),
    ],
    ids=["837P decimals", "835 decimals", "835 sign"],
)
def test_money_that_pyx12_lets_pass_is_told(
    base: bytes, change: tuple[str, str], ours: set[str]
) -> None:
    content = broken(base, change)
    assert pyx12_says(content) == "passes"
    assert said(content) >= ours
