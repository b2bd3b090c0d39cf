"""Files as their owners publish them: text in whatever encoding, zipped or gzipped, csv, tab
separated or xlsx. What comes out is lines, or rows under the columns that a loader asks for."""

import csv
import gzip
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import IO

from coding_svc.codebook.faults import LoadFault, LoadRefused

ZIP_MEMBER_MAX_BYTES = 12_000_000_000
"""NPPES is 10 GB unpacked; anything larger is not a code file."""
HEADER_WITHIN = 40
"""Copyright pages stand above a header; no published one is longer."""
TEXT_SUFFIXES = frozenset({".txt", ".csv", ".tsv", ".tab", ".xml", ".dat"})


Row = tuple[int, tuple[str, ...]]
"""Where a row stands, and its values by the loader's columns. A plain tuple: there are millions."""


@dataclass(frozen=True, slots=True)
class Source:
    """One published file: plain, gzipped, or a member of a zip."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        return Path(self.member or self.path.name).name

    @property
    def suffix(self) -> str:
        return Path(self.name.removesuffix(".gz")).suffix.lower()

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The unpacked bytes as a stream."""
        if self.member:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                yield stream
        elif self.path.suffix == ".gz":
            with gzip.open(self.path) as stream:
                yield stream  # type: ignore[misc]
        else:
            with self.path.open("rb") as stream:
                yield stream

    @contextmanager
    def text(self) -> Iterator[IO[str]]:
        """Decoded: UTF-8 when it is, else Latin-1, which the older files are in."""
        encoding = self._encoding()
        with self.open() as stream:
            yield io.TextIOWrapper(stream, encoding=encoding, newline="")

    def _encoding(self) -> str:
        with self.open() as stream:
            head = stream.read(1 << 20)
        if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise LoadRefused(LoadFault(self.name, "is not a text file"))
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        try:
            # The cut may fall inside a character; what comes before it decides.
            head[: max(len(head) - 4, 0) or len(head)].decode("utf-8-sig")
        except UnicodeDecodeError:
            return "latin-1"
        return "utf-8-sig"


def sources_of(path: Path, *, suffixes: frozenset[str] | None = None) -> list[Source]:
    """The files in a path: itself, the members of a zip, or the files of a folder."""
    if not path.exists():
        raise LoadRefused(LoadFault(path.name, "there is no such file"))
    if path.is_dir():
        found = [Source(each) for each in sorted(path.iterdir()) if each.is_file()]
    elif zipfile.is_zipfile(path) and path.suffix.lower() != ".xlsx":
        found = _members(path)
    else:
        found = [Source(path)]
    wanted = [each for each in found if suffixes is None or each.suffix in suffixes]
    if not wanted:
        raise LoadRefused(LoadFault(path.name, "holds no file of a known format"))
    return wanted


def _members(path: Path) -> list[Source]:
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    for info in infos:
        if info.file_size > ZIP_MEMBER_MAX_BYTES:
            raise LoadRefused(LoadFault(info.filename, "is larger than any code file"))
    return [Source(path, info.filename) for info in sorted(infos, key=lambda info: info.filename)]


Columns = Mapping[str, Sequence[str]]
"""A loader's name for a column, and beginnings of the headings that it is published under. A
heading is compared in small letters, without anything but letters and digits."""


def table(source: Source, columns: Columns, *, optional: Columns | None = None) -> Iterator[Row]:
    """Rows in the order of `columns` then `optional` (missing ones are ""), the header found by
    its names wherever it stands. Raises `LoadRefused` naming the columns that are not there."""
    optional = optional or {}
    cells = _spreadsheet(source) if source.suffix == ".xlsx" else _separated(source)
    head: list[tuple[int, list[str]]] = []
    places: list[int] | None = None
    picked: Callable[[list[str]], tuple[str, ...]] = tuple
    widest = 0
    for number, line in cells:
        if places is None:
            head.append((number, line))
            places = _places(head, columns, optional)
            if places is None and len(head) >= HEADER_WITHIN:
                break
            if places:
                # Most rows have every column; they are cut by one call in C.
                complete = len(places) > 1 and min(places) >= 0
                picked = itemgetter(*places) if complete else tuple
                widest = max(places) if complete else sys.maxsize
            continue
        if len(line) > widest:
            yield number, picked(line)
        elif any(line):
            yield number, tuple(line[at].strip() if 0 <= at < len(line) else "" for at in places)
    if places is None:
        raise LoadRefused(_missing(source, head, columns))


def _places(
    head: list[tuple[int, list[str]]], columns: Columns, optional: Columns
) -> list[int] | None:
    """Where each column stands, once the header is complete. Published headers may be stacked
    over several lines (PPRRVU), so the lines above are read together with the last."""
    for depth in (1, 2, 3, 4, 5):
        if depth > len(head):
            break
        headings = _stacked([line for _, line in head[-depth:]])
        taken: set[int] = set()
        found = [_place(headings, names, taken) for names in columns.values()]
        if all(at >= 0 for at in found):
            return found + [_place(headings, names, taken) for names in optional.values()]
    return None


def _stacked(lines: list[list[str]]) -> list[str]:
    width = max(len(line) for line in lines)
    return [_plain("".join(line[at] for line in lines if at < len(line))) for at in range(width)]


def _place(headings: list[str], names: Sequence[str], taken: set[int]) -> int:
    for name in names:
        for at, heading in enumerate(headings):
            if at not in taken and heading.startswith(_plain(name)):
                taken.add(at)
                return at
    return -1


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9*]", "", text.lower())


def _missing(source: Source, head: list[tuple[int, list[str]]], columns: Columns) -> LoadFault:
    best = max(
        (_stacked([line]) for _, line in head), key=lambda line: _hits(line, columns), default=[]
    )
    lacking = [names[0] for names in columns.values() if _place(best, names, set()) < 0]
    return LoadFault(source.name, f"has no header with the column {', '.join(lacking)}")


def _hits(headings: list[str], columns: Columns) -> int:
    return sum(_place(headings, names, set()) >= 0 for names in columns.values())


def _separated(source: Source) -> Iterator[tuple[int, list[str]]]:
    with source.text() as text:
        sample = text.read(1 << 16)
        text.seek(0)
        if sample.count("\t") > sample.count(",") and '"' not in sample:
            for number, raw in enumerate(text, start=1):
                yield number, raw.rstrip("\r\n").split("\t")
            return
        separator = "\t" if sample.count("\t") > sample.count(",") else ","
        reader = csv.reader(text, delimiter=separator)
        try:
            for line in reader:
                yield reader.line_num, line
        except csv.Error as error:
            raise LoadRefused(
                LoadFault(source.name, f"cannot be read as a table ({error})", reader.line_num)
            ) from None


def _spreadsheet(source: Source) -> Iterator[tuple[int, list[str]]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - heavy, and only for this format

    with source.open() as stream:
        book = load_workbook(io.BytesIO(stream.read()), read_only=True, data_only=True)
        try:
            rows = book.worksheets[0].iter_rows(values_only=True)
            for number, cells in enumerate(rows, start=1):
                yield number, ["" if cell is None else _cell(cell) for cell in cells]
        finally:
            book.close()


def _cell(value: object) -> str:
    """Numbers as they were written: a code that looks like a number has lost nothing."""
    text = str(value)
    return text.removesuffix(".0") if type(value).__name__ == "float" else text
