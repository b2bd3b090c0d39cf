"""Services that a note says were done, from HCPCS Level II and the tenant's own list (made up)."""

from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from coding_world import HCPCS, hcpcs_record, icd10cm_shelf

from coding_svc.codebook.catalogue import Catalogue
from coding_svc.codebook.shelf import Shelf
from coding_svc.codebook.staging import stage
from coding_svc.domain.suggestions import SuggestionBook, suggest

DAY = date(2026, 5, 14)
DRUGS = [
    hcpcs_record("J0001", "Injection, madeupamine sodium, 1 mg"),
    hcpcs_record("J0002", "Injection, otherine, 5 mg"),
    hcpcs_record("J0003", "Injection, goneazole, 5 mg", ended="20200101"),
    hcpcs_record("L0001", "Wrist splint, prefabricated"),
]
CHARGES = "code,description,price\nW0001,Clinic wrist splint fitting,50.00\nW0002,Ear wash,20.00\n"


@cache
def book() -> SuggestionBook:
    directory = Path(mkdtemp(prefix="rcm-services-"))
    files = {"hcpcs": directory / "anweb.txt", "chargemaster": directory / "charges.csv"}
    files["hcpcs"].write_text("\r\n".join([*HCPCS, *DRUGS]) + "\r\n", encoding="latin-1")
    files["chargemaster"].write_text(CHARGES)
    shelf = directory / "shelf"
    shelf.mkdir()
    for path in icd10cm_shelf().glob("icd10cm.*.sqlite"):
        (shelf / path.name).symlink_to(path)
    for kind, path in files.items():
        stage(kind, [path], label="made-up", effective_from=date(2020, 1, 1), shelf=shelf)
    found = Catalogue(shelf).suggestion_book(Shelf(shelf).releases(), DAY)
    assert found is not None
    return found


# What a note says, and the services that follow.
DONE = [
    ("PROCEDURE\nInjection of madeupamine sodium 4 mg.", "hcpcs J0001"),
    ("PLAN\nMadeupamine sodium was injected today.", "hcpcs J0001"),
    ("PLAN\nWe will inject madeupamine sodium.", ""),
    ("PLAN\nMadeupamine sodium was discussed and declined.", ""),
    ("PLAN\nNo madeupamine sodium was administered.", ""),
    ("HPI: Madeupamine sodium was injected years ago elsewhere.", ""),
    ("PLAN\nGoneazole 5 mg was injected.", ""),
    ("PLAN\nAn injection was given.", ""),
    ("PLAN\nA wrist splint was applied.", "hcpcs L0001"),
    ("PLAN\nThe clinic wrist splint fitting was performed.", "chargemaster W0001 hcpcs L0001"),
]


@pytest.mark.parametrize(("text", "services"), DONE)
def test_what_was_done_is_suggested(text: str, services: str) -> None:
    found = suggest(text, DAY, book())
    told = sorted(f"{each.system} {each.code}" for each in found if each.system != "icd10cm")
    assert " ".join(told) == services


def test_a_service_cites_its_release_and_its_words() -> None:
    text = "PLAN\nOtherine was injected. Rest."
    [found] = [each for each in suggest(text, DAY, book()) if each.system == "hcpcs"]
    assert (found.release.kind, found.release.label) == ("hcpcs", "made-up")
    assert [text[span.start : span.end] for span in found.evidence] == ["Otherine was injected"]
