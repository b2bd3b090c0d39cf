"""What Medicare pays and allows: MUE, add-on codes, the physician fee schedule, GPCIs."""

import sqlite3
from collections.abc import Sequence

from coding_svc.codebook.kinds import Kind, register
from coding_svc.codebook.loaders.declared import (
    Column,
    choice,
    code,
    julian,
    loader,
    procedure,
    scaled,
    text,
    whole,
)


def _unit_limits(setting: str, words: str) -> Kind:
    return register(
        Kind(
            name=f"mue-{setting}",
            summary=f"Medically unlikely edits: {words}",
            capability=f"unit limits (MUE), {words}",
            published_as="the quarterly MUE table",
            licence="operator",
            schema="""CREATE TABLE unit_limit (
          code TEXT PRIMARY KEY, units INTEGER NOT NULL, adjudication INTEGER NOT NULL,
          rationale TEXT NOT NULL) WITHOUT ROWID""",
            load=loader(
                "unit_limit",
                [
                    Column(("HCPCS/CPT Code", "HCPCS Code"), procedure),
                    Column(
                        (
                            "Practitioner Services MUE Values",
                            "Outpatient Hospital Services MUE Values",
                            "DME Supplier Services MUE Values",
                            "MUE Value",
                        ),
                        whole,
                    ),
                    # Medicaid's files have no indicator; they are judged line by line.
                    Column(
                        ("MUE Adjudication Indicator",),
                        choice(_1=1, _2=2, _3=3, **{"": 1}),
                        is_optional=True,
                    ),
                    Column(("MUE Rationale",), text, is_optional=True),
                ],
            ),
            counted="unit_limit",
            rows_min=1,
            rows_max=60_000,
        )
    )


MUE_PRACTITIONER = _unit_limits("practitioner", "practitioners")
MUE_OUTPATIENT = _unit_limits("outpatient-hospital", "outpatient hospitals")
MUE_DME = _unit_limits("dme", "suppliers of equipment")

ADD_ON = register(
    Kind(
        name="add-on",
        summary="Add-on codes and the primaries that they need",
        capability="add-on code edits",
        published_as="the add-on code edit file",
        licence="operator",
        schema="""CREATE TABLE add_on (
          add_on TEXT NOT NULL, add_on_deleted TEXT, primary_code TEXT NOT NULL,
          primary_deleted TEXT, effective TEXT, deleted TEXT, type INTEGER NOT NULL,
          instruction TEXT NOT NULL,
          PRIMARY KEY (add_on, primary_code, type)) WITHOUT ROWID""",
        load=loader(
            "add_on",
            [
                Column(("AOC",), procedure),
                Column(("AOC_DEL_DT",), julian),
                Column(("PRIMARY_CODE",), procedure),
                Column(("PRIMARY_CODE_DEL_DT",), julian),
                Column(("AOC_EDIT_EFF_DT",), julian),
                Column(("AOC_EDIT_DEL_DT",), julian),
                Column(("AOC_EDIT_TYPE",), choice(_1=1, _2=2, _3=3)),
                Column(("SPECIAL_INSTRUCTION_NOTES",), text, is_optional=True),
            ],
        ),
        counted="add_on",
        rows_min=1,
        rows_max=200_000,
    )
)


def _check_fees(database: sqlite3.Connection) -> Sequence[str]:
    """A conversion factor is 30-odd dollars: a shifted column shows at once."""
    low, high = database.execute("SELECT min(factor), max(factor) FROM fee").fetchone()
    if not 150_000 <= low <= high <= 900_000:
        return ["the conversion factor is not one: columns may have moved"]
    return ()


HUNDREDTHS = scaled(2)
FEES = register(
    Kind(
        name="pfs",
        summary="Physician fee schedule: relative values, policy indicators, conversion factor",
        capability="prices, global periods and modifier rules",
        published_as="the PPRRVU file of a year",
        licence="operator",
        # The description is CPT's and is not kept.
        schema="""CREATE TABLE fee (
          code TEXT NOT NULL, modifier TEXT NOT NULL, status TEXT NOT NULL,
          work INTEGER NOT NULL, practice_nonfacility INTEGER NOT NULL,
          practice_facility INTEGER NOT NULL, malpractice INTEGER NOT NULL,
          component TEXT NOT NULL, global_days TEXT NOT NULL, pre INTEGER NOT NULL,
          intra INTEGER NOT NULL, post INTEGER NOT NULL, multiple TEXT NOT NULL,
          bilateral TEXT NOT NULL, assistant TEXT NOT NULL, co_surgeon TEXT NOT NULL,
          team TEXT NOT NULL, endoscopic_base TEXT NOT NULL, factor INTEGER NOT NULL,
          PRIMARY KEY (code, modifier)) WITHOUT ROWID""",
        load=loader(
            "fee",
            [
                Column(("HCPCS",), procedure),
                Column(("MOD",), code(r"(26|TC|53)?", "26, TC, 53 or empty")),
                Column(("STATUS CODE", "STATUS"), text),
                Column(("WORK RVU", "WORK"), HUNDREDTHS),
                Column(("NON-FAC PE RVU", "NON-FACILITY PE"), HUNDREDTHS),
                Column(("FACILITY PE RVU", "FACILITY PE"), HUNDREDTHS),
                Column(("MP RVU", "MP"), HUNDREDTHS),
                Column(("PCTC IND", "PCTC"), text),
                Column(("GLOB DAYS", "GLOBAL"), text),
                Column(("PRE OP", "PRE"), HUNDREDTHS),
                Column(("INTRA OP", "INTRA"), HUNDREDTHS),
                Column(("POST OP", "POST"), HUNDREDTHS),
                Column(("MULT PROC", "MULT"), text),
                Column(("BILAT SURG", "BILAT"), text),
                Column(("ASST SURG", "ASST"), text),
                Column(("CO-SURG", "CO"), text),
                Column(("TEAM SURG", "TEAM"), text),
                Column(("ENDO BASE", "ENDO"), text),
                Column(("CONV FACTOR", "CONVERSION"), scaled(4)),
            ],
        ),
        counted="fee",
        rows_min=1,
        rows_max=60_000,
        check=_check_fees,
    )
)

GPCI = register(
    Kind(
        name="gpci",
        summary="Geographic practice cost indices",
        capability="prices by locality",
        published_as="the GPCI file of a year",
        licence="public",
        schema="""CREATE TABLE locality (
          contractor TEXT NOT NULL, state TEXT NOT NULL, locality TEXT NOT NULL,
          name TEXT NOT NULL, work INTEGER NOT NULL, practice INTEGER NOT NULL,
          malpractice INTEGER NOT NULL, PRIMARY KEY (contractor, locality)) WITHOUT ROWID""",
        load=loader(
            "locality",
            [
                Column(
                    ("Medicare Administrative Contractor", "MAC"), code(r"[0-9A-Z]{5}", "a MAC")
                ),
                Column(("State",), code(r"[A-Z]{2}", "a state")),
                Column(("Locality Number",), text),
                Column(("Locality Name",), text),
                Column(("2026 PW GPCI", "2025 PW GPCI", "2027 PW GPCI", "PW GPCI"), scaled(3)),
                Column(("2026 PE GPCI", "2025 PE GPCI", "2027 PE GPCI", "PE GPCI"), scaled(3)),
                Column(("2026 MP GPCI", "2025 MP GPCI", "2027 MP GPCI", "MP GPCI"), scaled(3)),
            ],
        ),
        counted="locality",
        rows_min=1,
        rows_max=500,
    )
)
