"""What the fee schedule allows, over REST: amounts by line, how each is reckoned, and the places
that have no price. The schedule is made up, in CMS's layout, and loaded as an operator does it."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from coding_world import FEE_HEAD, fee
from typer.testing import CliRunner

from coding_svc.app import service
from coding_svc.codebook import starter
from coding_svc.commands.codes import app
from rcm.testing.service import ServiceUnderTest, service_under_test

DAY, BEFORE = "2026-05-14", "2025-05-14"
FEES = [
    fee("40000"), fee("50011", bilateral="1"), fee("60001", status="B"),
    fee("70001", work="10.00", multiple="2"), fee("70002", work="5.00", multiple="2"),
    fee("71000"), fee("71000", modifier="26", work="0.60", practice=("0.20", "0.50")),
]  # fmt: skip
INDICES = [
    "Medicare Administrative Contractor,State,Locality Number,Locality Name,2026 PW GPCI,"
    "2026 PE GPCI,2026 MP GPCI",
    "13202,NY,01,MANHATTAN,1.094,1.181,1.675",
]
MANHATTAN = {"contractor": "13202", "locality": "01"}


@pytest.fixture(scope="module")
async def coding(
    servers: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServiceUnderTest]:
    starter.put(Path(os.environ["RCM_CODES_DIR"]))
    directory = tmp_path_factory.mktemp("published")
    files = {"pfs": [FEE_HEAD, *FEES], "gpci": INDICES}
    async with service_under_test(service, servers.postgres_admin_url) as found:
        for kind, lines in files.items():
            path = directory / f"{kind}.csv"
            path.write_text("\r\n".join(lines) + "\r\n")
            await asyncio.to_thread(load, found, kind, path)
        yield found


def load(coding: ServiceUnderTest, kind: str, path: Path) -> None:
    words = ["load", kind, str(path), "--release", "made-up", "--effective-from", "2026-01-01"]
    address = coding.settings.database_url.get_secret_value()
    answer = CliRunner().invoke(
        app, [*words, "--tenant", str(coding.tenant)], env={"RCM_DATABASE_URL": address}
    )
    assert answer.exit_code == 0, answer.output


def line(text: str) -> dict[str, Any]:
    """CODE-MOD-MOD xUNITS @PLACE ^DAY."""
    words = text.split()
    code, *modifiers = words[0].split("-")
    given = {word[0]: word[1:] for word in words[1:]}
    return {
        "procedure_code": code,
        "modifiers": modifiers,
        "quantity": given.get("x", "1"),
        "place_of_service_code": given.get("@"),
        "date_of_service": given.get("^", DAY),
    }


def lines_of(text: str) -> list[dict[str, Any]]:
    return [line(each) for each in text.split(";") if each]


async def reckoned(coding: ServiceUnderTest, text: str, **options: Any) -> Any:
    tenant = options.pop("tenant", None)
    body = {"place_of_service_code": "11", "lines": lines_of(text)}
    async with coding.client("CodeSet.r", tenant=tenant) as client:
        answer = await client.post("/prices:reckon", json=body | options)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("lines", "cents"),
    [
        ("40000", [7_014]),
        ("40000 @22", [5_344]),
        ("40000 x3", [21_043]),
        ("40000 x0.5", [3_507]),
        ("40000-80", [1_122]),
        ("40000-AS", [954]),
        ("40000-62", [4_384]),
        ("50011-50", [10_521]),
        ("40000-54", [5_611]),
        ("40000-78", [4_910]),
        ("71000-26", [3_006]),
        ("70002; 70001", [10_187, 37_075]),
        (f"70001; 70002 ^{DAY[:-1]}5", [37_075, 20_375]),
        ("70001; 60001; 40000", [37_075, None, 7_014]),
    ],
)
async def test_lines_have_their_prices(
    coding: ServiceUnderTest, lines: str, cents: list[int | None]
) -> None:
    found = await reckoned(coding, lines)
    assert [each["amount_cents"] for each in found["items"]] == cents


async def test_a_price_says_how_it_was_reckoned(coding: ServiceUnderTest) -> None:
    """The reckoning alone gives the amount again."""
    found = await reckoned(coding, "70001; 70002-80 @22 x2", locality=MANHATTAN)
    [_, priced] = found["items"]
    assert priced["reckoning"] == {
        "component": "",
        "place": "facility",
        "work": "5.00",
        "practice": "0.50",
        "malpractice": "0.10",
        "work_index": "1.094",
        "practice_index": "1.181",
        "malpractice_index": "1.675",
        "conversion_factor": "33.4009",
        "adjustments": [
            {"by": "80", "share": "0.16"},
            {"by": "multiple procedures", "share": "0.5"},
        ],
    }
    # (5.00 x 1.094 + 0.50 x 1.181 + 0.10 x 1.675) x 33.4009 x 0.16 x 0.5 x 2 = 33.2837 dollars
    assert priced["amount_cents"] == 3_328
    assert priced["releases"] == [
        {"kind": "pfs", "release": "made-up"},
        {"kind": "gpci", "release": "made-up"},
    ]


@pytest.mark.parametrize(
    ("lines", "options", "unpriced"),
    [
        ("40000", {}, {}),
        ("", {}, {}),
        ("40000; 60001", {}, {"/lines/1/procedure_code": "status B has no amount"}),
        ("99999", {}, {"/lines/0/procedure_code": "not in the fee schedule"}),
        ("71000-TC", {}, {"/lines/0/procedure_code": "not in the fee schedule"}),
        (
            f"40000; 40000 ^{BEFORE}",
            {},
            {"/lines/1/date_of_service": "no release of the fee schedule covers the day"},
        ),
        (
            "40000; 40000",
            {"locality": {"contractor": "13202", "locality": "99"}},
            {"/locality": "is not in the geographic indices of the day"},
        ),
    ],
)
async def test_what_has_no_price_is_told_by_its_place(
    coding: ServiceUnderTest, lines: str, options: dict[str, Any], unpriced: dict[str, str]
) -> None:
    found = await reckoned(coding, lines, **options)
    assert {each["pointer"]: each["reason"] for each in found["unpriced"]} == unpriced
    missing = [each for each in found["items"] if each["amount_cents"] is None]
    assert all(each["reckoning"] is None for each in missing)


async def test_a_schedule_prices_for_those_who_loaded_it(coding: ServiceUnderTest) -> None:
    found = await reckoned(coding, "40000", tenant=coding.other_tenant)
    assert [each["pointer"] for each in found["unpriced"]] == ["/lines/0/date_of_service"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": [line("40000 x0")]}, "/lines/0/quantity"),
        ({"lines": [line("4000")]}, "/lines/0/procedure_code"),
        ({"lines": [line("40000-A")]}, "/lines/0/modifiers/0"),
        ({"place_of_service_code": ""}, "/place_of_service_code"),
        ({"locality": {"contractor": "13202"}}, "/locality/locality"),
    ],
)
async def test_what_is_no_line_is_refused_at_its_place(
    coding: ServiceUnderTest, change: dict[str, Any], pointer: str
) -> None:
    body = {"place_of_service_code": "11", "lines": [line("40000")]} | change
    async with coding.client("CodeSet.r") as client:
        answer = await client.post("/prices:reckon", json=body)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["pointers"]] == [pointer]
