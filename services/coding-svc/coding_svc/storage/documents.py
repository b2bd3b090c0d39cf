"""Documents and their versions: texts lie sealed, and are found by blind indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from coding_svc.domain.desk.document import Document, DocumentText, DocumentVersion
from coding_svc.storage.sealing import columns, keyring_of, seal, unseal
from rcm.db import Tx
from rcm.ids import derived_id

TEXT = ("document_version", "text_sealed")


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a text: `is_new` says whether it is another one than the newest version."""

    document_id: UUID
    version: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A text and the chart that it belongs to."""

    encounter_id: UUID
    document: DocumentText


async def keep(tx: Tx, arrivals: Sequence[Arrival], *, now: datetime) -> list[Kept]:
    """Save texts, each as its document's next version unless it is the newest one again. Of
    several texts of one document in a set, each follows the one before it."""
    ids = [_document_id(tx, arrival) for arrival in arrivals]
    newest = await _newest(tx, ids)
    kept, rows = [], []
    for document_id, arrival in zip(ids, arrivals, strict=True):
        version, known = newest.get(document_id, (0, b""))
        index = keyring_of(tx).blind_index(tx.tenant_id, "document.text", arrival.document.text)
        if index != known:
            version += 1
            newest[document_id] = version, index
            rows.append((document_id, version, index, arrival))
        kept.append(Kept(document_id, version, index != known))
    if rows:
        await _write(tx, rows, now)
    return kept


async def of_chart(tx: Tx, encounter_id: UUID) -> list[Document]:
    """The documents of a chart, in the order of their arrival."""
    rows = await tx.fetch(
        """SELECT document_id, encounter_id, kind, version, created_at, updated_at FROM document
            WHERE tenant_id = $1 AND encounter_id = $2 ORDER BY created_at, document_id""",
        tx.tenant_id,
        encounter_id,
    )
    return [Document(**row) for row in rows]


async def load(tx: Tx, document_id: UUID) -> Document | None:
    row = await tx.fetchrow(
        """SELECT document_id, encounter_id, kind, version, created_at, updated_at FROM document
            WHERE tenant_id = $1 AND document_id = $2""",
        tx.tenant_id,
        document_id,
    )
    return None if row is None else Document(**row)


async def versions(tx: Tx, document_id: UUID) -> list[DocumentVersion]:
    """Every version without its text, oldest first."""
    rows = await tx.fetch(
        """SELECT document_id, version, characters, author_npi, written_on, received_at,
                  received_from
             FROM document_version WHERE tenant_id = $1 AND document_id = $2 ORDER BY version""",
        tx.tenant_id,
        document_id,
    )
    return [DocumentVersion(**row) for row in rows]


async def text_of(tx: Tx, document_id: UUID, version: int) -> DocumentVersion | None:
    """One version with its text in the clear."""
    row = await tx.fetchrow(
        """SELECT document_id, version, characters, author_npi, written_on, received_at,
                  received_from, text_sealed
             FROM document_version
            WHERE tenant_id = $1 AND document_id = $2 AND version = $3""",
        tx.tenant_id,
        document_id,
        version,
    )
    if row is None:
        return None
    found = dict(row)
    text = unseal(tx, TEXT, f"{document_id}:{version}", found.pop("text_sealed"))
    return DocumentVersion(**found, text=text.decode())


async def _newest(tx: Tx, document_ids: Sequence[UUID]) -> dict[UUID, tuple[int, bytes]]:
    rows = await tx.fetch(
        """SELECT d.document_id, d.version, v.text_index
             FROM document d JOIN document_version v USING (tenant_id, document_id, version)
            WHERE d.tenant_id = $1 AND d.document_id = ANY ($2) FOR UPDATE OF d""",
        tx.tenant_id,
        list(document_ids),
    )
    return {row["document_id"]: (row["version"], bytes(row["text_index"])) for row in rows}


async def _write(tx: Tx, rows: Sequence[tuple[UUID, int, bytes, Arrival]], now: datetime) -> None:
    heads: Mapping[UUID, tuple[object, ...]] = {
        document_id: (
            document_id, arrival.encounter_id,
            _external_index(tx, arrival), arrival.document.kind, version,
        )
        for document_id, version, _, arrival in rows
    }  # fmt: skip
    await tx.execute(
        """INSERT INTO document AS d (tenant_id, document_id, encounter_id, external_id_index,
                                      kind, version, created_at, updated_at)
           SELECT $1, *, $7, $7 FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::text[],
                                            $6::integer[])
           ON CONFLICT (tenant_id, document_id) DO UPDATE
              SET version = excluded.version, updated_at = excluded.updated_at""",
        tx.tenant_id, *columns(list(heads.values())), now,
    )  # fmt: skip
    texts = [
        (
            document_id, version,
            seal(tx, TEXT, f"{document_id}:{version}", arrival.document.text.encode()), index,
            len(arrival.document.text), arrival.document.author_npi, arrival.document.written_on,
        )
        for document_id, version, index, arrival in rows
    ]  # fmt: skip
    await tx.execute(
        """INSERT INTO document_version (tenant_id, document_id, version, text_sealed, text_index,
               characters, author_npi, written_on, received_at, received_from)
           SELECT $1, *, $9, $10 FROM unnest($2::uuid[], $3::integer[], $4::bytea[], $5::bytea[],
               $6::integer[], $7::text[], $8::date[])""",
        tx.tenant_id, *columns(texts), now, tx.actor,
    )  # fmt: skip


def _document_id(tx: Tx, arrival: Arrival) -> UUID:
    return derived_id(arrival.encounter_id, "document", _external_index(tx, arrival).hex())


def _external_index(tx: Tx, arrival: Arrival) -> bytes:
    number = arrival.document.external_id
    return keyring_of(tx).blind_index(tx.tenant_id, "document.external_id", number)
