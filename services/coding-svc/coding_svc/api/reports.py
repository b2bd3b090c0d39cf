"""Reports of the desk, as JSON or CSV."""

import csv
import io
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel

from coding_svc.api.register import router
from coding_svc.domain.audit import accuracy, peers
from coding_svc.storage import reports as storage
from coding_svc.storage import reviews
from rcm.db import Tx
from rcm.errors import NotFound, Pointer, Unprocessable
from rcm.service import RequestClock, RequestTx

DAYS = 90
PEERS = {
    "em_distribution": "Levels of office visits by provider, tested against all others",
    "modifiers": "Modifiers 25 and 59 by provider, beside all others",
}
ACCURACY = {
    f"accuracy_by_{by}": f"Accuracy of codes, encounters and payment by {by}, with n and interval"
    for by in accuracy.GROUPS
}
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ReportNameView(BaseModel):
    report: str
    title: str


class ReportNamesView(BaseModel):
    """What can be asked for."""

    items: list[ReportNameView]


class ReportView(BaseModel):
    """The rows of a report; their names are its columns."""

    report: str
    title: str
    begins_on: date
    ends_on: date
    items: list[dict[str, object]]


@router.get("/coding-reports", scope="Coding.s")
async def get_report_names(tx: RequestTx) -> ReportNamesView:
    """Every report."""
    del tx
    return ReportNamesView(
        items=[ReportNameView(report=name, title=title) for name, title in _titles().items()]
    )


@router.get(
    "/coding-reports/{report}",
    scope="Coding.s",
    response_model=ReportView,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def get_report(
    report: str,
    tx: RequestTx,
    clock: RequestClock,
    *,
    begins_on: date | None = None,
    ends_on: date | None = None,
    media: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> ReportView | Response:
    """A report over days (the last 90 unless said), as JSON or with `format=csv` as CSV."""
    if report not in _titles():
        raise NotFound("report_unknown", "There is no such report.")
    last = ends_on or clock.today()
    first = begins_on or last - timedelta(days=DAYS)
    if last < first:
        raise Unprocessable(
            "span_reversed", "The span ends before it begins.",
            (Pointer("query.ends_on", "lies before begins_on"),),
        )  # fmt: skip
    rows = await _rows(tx, report, first, last)
    if media == "csv":
        return Response(csv_of(rows), media_type="text/csv")
    return ReportView(
        report=report, title=_titles()[report], begins_on=first, ends_on=last, items=rows
    )


def csv_of(rows: list[dict[str, object]]) -> str:
    """RFC 4180; a cell that a spreadsheet would compute is quoted by an apostrophe."""
    if not rows:
        return ""
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


async def _rows(tx: Tx, report: str, first: date, last: date) -> list[dict[str, object]]:
    match report:
        case "em_distribution":
            return peers.levels(await storage.billed(tx, first, last))
        case "modifiers":
            return peers.modifiers(await storage.billed(tx, first, last))
        case name if name in ACCURACY:
            by = name.removeprefix("accuracy_by_")
            return accuracy.rows(await reviews.readings(tx, first, last), by)
        case _:
            return await storage.rows(tx, report, first, last)


def _titles() -> dict[str, str]:
    return {name: each.title for name, each in storage.REPORTS.items()} | PEERS | ACCURACY
