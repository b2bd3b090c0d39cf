"""What the bank saw: entered by hand, imported from its files, and matched to remittances."""

from datetime import date, datetime
from itertools import repeat
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field, StringConstraints

from payer_gateway.api.register import Body, View, found, router
from payer_gateway.domain.deposits import (
    CsvLayout,
    Deposit,
    DepositStatus,
    Imported,
    Misread,
    NewDeposit,
    Outcome,
    Pair,
    announced,
    pair_up,
    read_csv,
    read_nacha,
    undone,
)
from payer_gateway.domain.deposits.deposit import SUGGESTED_WITHIN, Source
from payer_gateway.storage import deposits as storage
from payer_gateway.storage import interchanges, remittances
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.events import publish
from rcm.ids import new_id
from rcm.money import LIMIT_CENTS
from rcm.service import IfMatch, Page, Paging, RequestClock, RequestTx, versioned

MATCHED_AT_ONCE = 2_000
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Header = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)]
Company = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10)]


class DepositCreate(Body):
    """One credit. Without trace and company it is matched by a person."""

    bank_reference: Reference
    deposited_on: date
    amount_cents: Annotated[int, Field(gt=0, le=LIMIT_CENTS, strict=True)]
    trace_number: Number = ""
    originating_company_id: Company = ""


class DepositView(View):
    deposit_id: UUID
    source: Source
    interchange_id: UUID | None
    bank_reference: str
    deposited_on: date
    amount_cents: int
    trace_number: str
    originating_company_id: str
    status: DepositStatus
    difference_cents: int | None
    """How much more the bank saw than the remittance says; only where the traces agree."""
    remittance_id: UUID | None
    matched_by: Literal["trace", "person"] | None
    matched_at: datetime | None
    version: int


class CsvColumns(Body):
    """The header of the column that holds each field."""

    deposited_on: Header
    amount: Header
    bank_reference: Header
    trace_number: Header | None = None
    originating_company_id: Header | None = None
    description: Header | None = None


class CsvImport(Body):
    format: Literal["csv"]
    file_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "bank.csv"
    content: Annotated[str, Field(min_length=1)]
    columns: CsvColumns
    date_format: Literal["YYYY-MM-DD", "MM/DD/YYYY", "MM/DD/YY", "YYYYMMDD"] = "YYYY-MM-DD"
    delimiter: Literal[",", ";", "\t", "|"] = ","


class NachaImport(Body):
    format: Literal["nacha"]
    file_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "bank.ach"
    content: Annotated[str, Field(min_length=1)]


ImportBody = Annotated[CsvImport | NachaImport, Field(discriminator="format")]


class ImportCheck(View):
    """What an import would do, were it sent."""

    deposits: int
    deposit_cents: int
    with_trace: int
    skipped: int


class ImportView(ImportCheck):
    interchange_id: UUID
    added: int
    repeated: int
    """Bank references that were known; they changed nothing."""


class MatchView(View):
    """What a round of matching came to."""

    matched: int
    matched_cents: int
    mismatched: int
    difference_cents: int


class SuggestionView(View):
    remittance_id: UUID
    payer_id: str
    trace_number: str
    payment_cents: int
    effective_on: date | None


class SuggestionsView(View):
    items: list[SuggestionView]


class MatchBody(Body):
    remittance_id: UUID


@router.post("/deposits", status_code=201, scope="Deposit.c", audit_id="deposit_id")
async def post_deposit(
    body: DepositCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> DepositView:
    """Enter a credit by hand. The same bank reference again is the same deposit."""
    deposit = NewDeposit(**body.model_dump())
    kept = await storage.keep(tx, [deposit], source="manual", interchange_id=None, at=clock.now())
    if not kept.added:
        raise Conflict(
            "deposit_exists",
            "A deposit with this bank reference is there already.",
            (Pointer("/bank_reference", "is known"),),
        )
    made = found(await storage.find(tx, kept.added[0]), "deposit")
    response.headers["Location"] = f"/deposits/{made.deposit_id}"
    versioned(response, made.version)
    return DepositView.model_validate(made)


@router.post("/deposits:validate", scope="Deposit.c", audit=False)
async def validate_deposit(body: DepositCreate) -> DepositCreate:
    """What would be kept; nothing is."""
    return body


@router.post("/deposits/imports", status_code=201, scope="Deposit.c", audit_id="interchange_id")
async def post_import(body: ImportBody, tx: RequestTx, clock: RequestClock) -> ImportView:
    """Import a bank's file: all of its credits, or every place that is wrong. The file is kept."""
    imported = _imported(body)
    content = body.content.encode()
    file = interchanges.NewFile(
        tenant_id=tx.tenant_id,
        interchange_id=new_id(),
        direction="received",
        partner_id=None,
        file_name=body.file_name,
        content=content,
        kind="bank statement" if body.format == "csv" else "NACHA",
    )
    interchange_id = await interchanges.keep_read(tx, file, at=clock.now())
    source: Source = "bank_csv" if body.format == "csv" else "nacha"
    kept = await storage.keep(
        tx, imported.deposits, source=source, interchange_id=interchange_id, at=clock.now()
    )
    if kept.clashes:
        raise Conflict(
            "bank_reference_clash",
            "The bank has used these references for other amounts or days before.",
            tuple(
                Pointer(f"/content/deposits/{position}/bank_reference", "is another deposit's")
                for position, each in enumerate(imported.deposits, 1)
                if each.bank_reference in kept.clashes
            )[:100],
        )
    return ImportView(
        interchange_id=interchange_id,
        added=len(kept.added),
        repeated=kept.repeated,
        **_counted(imported),
    )


@router.post("/deposits/imports:validate", scope="Deposit.c", audit=False)
async def validate_import(body: ImportBody) -> ImportCheck:
    """Read a bank's file and say what it holds, or what is wrong with it; nothing is kept."""
    return ImportCheck(**_counted(_imported(body)))


@router.post("/deposits:match", scope="Deposit.u")
async def post_match_all(tx: RequestTx, clock: RequestClock) -> MatchView:
    """Match by trace what agrees to the cent, now rather than at the next turn."""
    outcomes = pair_up(
        await storage.by_trace(tx, limit=MATCHED_AT_ONCE), (new_id() for _ in repeat(None))
    )
    await _keep(tx, outcomes, by="trace", at=clock.now())
    matched = [each for each in outcomes if each.match_id is not None]
    return MatchView(
        matched=len(matched),
        matched_cents=sum(each.pair.deposit.amount_cents for each in matched),
        mismatched=len(outcomes) - len(matched),
        difference_cents=sum(abs(each.difference_cents) for each in outcomes),
    )


@router.get("/deposits", scope="Deposit.s")
async def get_deposits(
    tx: RequestTx,
    paging: Paging,
    status: Annotated[DepositStatus | None, Query()] = None,
    trace_number: Annotated[str | None, Query(max_length=80)] = None,
) -> Page[DepositView]:
    """Newest first. `status=mismatched` are exceptions: the trace agrees, the cents do not."""
    after = paging.after(UUID)
    rows = await storage.list_page(
        tx,
        status=status,
        trace_number=trace_number,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[DepositView].of(
        rows, paging, key=lambda row: (row.deposit_id,), view=DepositView.model_validate
    )


@router.get("/deposits/{deposit_id}", scope="Deposit.r")
async def get_deposit(deposit_id: UUID, tx: RequestTx, response: Response) -> DepositView:
    deposit = found(await storage.find(tx, deposit_id), "deposit")
    versioned(response, deposit.version)
    return DepositView.model_validate(deposit)


@router.get("/deposits/{deposit_id}/suggestions", scope="Deposit.r")
async def get_suggestions(deposit_id: UUID, tx: RequestTx) -> SuggestionsView:
    """Remittances of the same cents near the same day: for a person to decide, never by itself."""
    deposit = found(await storage.find(tx, deposit_id), "deposit")
    if deposit.status is DepositStatus.MATCHED:
        return SuggestionsView(items=[])
    pairs = await storage.suggestions(
        tx,
        deposit,
        first=deposit.deposited_on - SUGGESTED_WITHIN,
        last=deposit.deposited_on + SUGGESTED_WITHIN,
    )
    return SuggestionsView(items=[SuggestionView.model_validate(each) for each in pairs])


@router.post("/deposits/{deposit_id}:match", scope="Deposit.u", audit_id="deposit_id")
async def post_match(
    deposit_id: UUID,
    body: MatchBody,
    *,
    tx: RequestTx,
    clock: RequestClock,
    if_match: IfMatch,
    response: Response,
) -> DepositView:
    """A person says which remittance this money is. The cents must agree."""
    deposit = await _unmatched(tx, deposit_id, if_match)
    remittance = await remittances.find(tx, body.remittance_id)
    if remittance is None or not await storage.is_free(tx, body.remittance_id):
        raise Unprocessable(
            "remittance_not_waiting",
            "This remittance is not one that waits for money.",
            (Pointer("/remittance_id", "waits for no money"),),
        )
    if remittance.payment_cents != deposit.amount_cents:
        raise Conflict(
            "amounts_differ",
            "The deposit and the remittance are not the same amount.",
            (Pointer("/remittance_id", "pays another amount"),),
        )
    pair = Pair(
        deposit,
        remittance.remittance_id,
        remittance.payer_id,
        remittance.trace_number,
        remittance.payment_cents,
        remittance.effective_on,
    )
    await _keep(tx, [Outcome(pair, new_id())], by="person", at=clock.now())
    return await _view(tx, deposit_id, response)


@router.post("/deposits/{deposit_id}:unmatch", scope="Deposit.u", audit_id="deposit_id")
async def post_unmatch(
    deposit_id: UUID, tx: RequestTx, clock: RequestClock, *, if_match: IfMatch, response: Response
) -> DepositView:
    """Undo a match that was a mistake. The deposit then waits for a person."""
    deposit = found(await storage.find(tx, deposit_id, lock=True), "deposit")
    if_match.require(deposit.version)
    if deposit.remittance_id is None or deposit.match_id is None:
        raise Conflict("deposit_not_matched", "This deposit is not matched.")
    remittance = found(await remittances.find(tx, deposit.remittance_id), "remittance")
    await storage.unmatch(tx, deposit, at=clock.now())
    event = undone(
        deposit,
        payer_id=remittance.payer_id,
        trace_number=remittance.trace_number,
        at=clock.now(),
    )
    await publish(tx, [event])
    return await _view(tx, deposit_id, response)


async def _unmatched(tx: RequestTx, deposit_id: UUID, if_match: IfMatch) -> Deposit:
    deposit = found(await storage.find(tx, deposit_id, lock=True), "deposit")
    if_match.require(deposit.version)
    if deposit.status is DepositStatus.MATCHED:
        raise Conflict("deposit_matched", "This deposit is matched already.")
    return deposit


async def _keep(tx: RequestTx, outcomes: list[Outcome], *, by: str, at: datetime) -> None:
    await storage.record(tx, outcomes, by=by, at=at)
    await publish(tx, announced(outcomes, at))


async def _view(tx: RequestTx, deposit_id: UUID, response: Response) -> DepositView:
    deposit = found(await storage.find(tx, deposit_id), "deposit")
    versioned(response, deposit.version)
    return DepositView.model_validate(deposit)


def _imported(body: CsvImport | NachaImport) -> Imported:
    """Raises the problem with every place of the file that cannot be read."""
    if body.format == "csv":
        layout = CsvLayout(
            **body.columns.model_dump(), date_format=body.date_format, delimiter=body.delimiter
        )
        imported = read_csv(body.content, layout)
    else:
        imported = read_nacha(body.content)
    if imported.errors:
        raise Unprocessable(
            "bank_file_invalid",
            "The file cannot be read; nothing of it was taken.",
            tuple(map(_pointer, imported.errors)),
        )
    return imported


def _pointer(error: Misread) -> Pointer:
    return Pointer(f"/content/rows/{error.row}/{error.place.replace(' ', '_')}", error.reason)


def _counted(imported: Imported) -> dict[str, int]:
    return {
        "deposits": len(imported.deposits),
        "deposit_cents": sum(each.amount_cents for each in imported.deposits),
        "with_trace": sum(bool(each.trace_number) for each in imported.deposits),
        "skipped": imported.skipped,
    }
