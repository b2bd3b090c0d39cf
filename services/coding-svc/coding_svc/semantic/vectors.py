"""The vectors of a release: built once, beside it, named by the release and the model."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coding_svc.codebook.shelf import Book
from coding_svc.semantic.encoder import Encoder

AT_ONCE = 2_048
TEXTS = """
SELECT code, title FROM code
 WHERE (is_billable = 1 AND NOT (seventh_of <> '' AND length(code) = 7))
    OR code IN (SELECT parent FROM code WHERE seventh_of <> '' AND length(code) = 7)
UNION ALL
SELECT n.holder, n.text FROM note n JOIN code c ON c.code = n.holder WHERE n.kind = 'inclusion'
 ORDER BY 1, 2
"""
"""A code that only adds a 7th character says what its parent says; inclusion terms say more."""


@dataclass(frozen=True)
class Vectors:
    """A row a text, and the code of each."""

    codes: Sequence[str]
    rows: Any


def path_of(book: Book, encoder: Encoder) -> Path:
    """Where a release's vectors lie."""
    return book.path.with_suffix(f".{encoder.model[:12]}.npz")


def build(
    book: Book,
    encoder: Encoder,
    path: Path,
    *,
    told: Callable[[int, int], None] | None = None,
    query: str = TEXTS,
) -> None:
    """Minutes for the whole of ICD-10-CM; nothing when they are there."""
    import numpy as np  # noqa: PLC0415 - part of the extra

    if path.exists():
        return
    texts = book.rows(query)
    parts = []
    for begin in range(0, len(texts), AT_ONCE):
        part = encoder.encode([text for _, text in texts[begin : begin + AT_ONCE]])
        parts.append(part.astype(np.float16))
        if told:
            told(min(begin + AT_ONCE, len(texts)), len(texts))
    # Whole or not at all, as the release itself.
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as stream:
        codes = np.array([code for code, _ in texts])
        np.savez(stream, codes=codes, rows=np.concatenate(parts))
    Path(name).replace(path)


def opened(path: Path) -> Vectors | None:
    """None when nobody has built them."""
    import numpy as np  # noqa: PLC0415 - part of the extra

    if not path.exists():
        return None
    with np.load(path) as found:
        return Vectors([str(code) for code in found["codes"]], found["rows"].astype(np.float32))
