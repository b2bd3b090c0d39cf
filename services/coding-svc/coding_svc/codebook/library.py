"""The releases in force, put together for a date of service."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from coding_svc.codebook.readers import (
    AddOnBook,
    ArticleBook,
    DiagnosisBook,
    FeeBook,
    LocalityBook,
    PairBook,
    ProcedureBook,
    TaxonomyBook,
    UnitLimitBook,
)
from coding_svc.codebook.shelf import Book, Shelf, in_force
from coding_svc.domain.codes import Books, Setting
from coding_svc.domain.release import Release

READERS: Mapping[str, Callable[[Book], Any]] = {
    "icd10cm": DiagnosisBook,
    "hcpcs": ProcedureBook,
    "add-on": AddOnBook,
    "pfs": FeeBook,
    "mcd-articles": ArticleBook,
    "nucc": TaxonomyBook,
}
SETTINGS: Mapping[Setting, str] = {
    "practitioner": "practitioner",
    "outpatient_hospital": "outpatient-hospital",
    "dme": "dme",
}


class Library:
    """Readers over a shelf, kept as long as the process: a release never changes."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._readers: dict[UUID, Any] = {}

    def books(self, releases: Iterable[Release], on: date) -> Books:
        """What answers for a date of service, of the releases that a tenant has activated."""
        by_kind: dict[str, list[Release]] = {}
        for release in releases:
            by_kind.setdefault(release.kind, []).append(release)
        ruling = {kind: found for kind, all_ in by_kind.items() if (found := in_force(all_, on))}

        def reader(kind: str, make: Callable[[Book], Any] | None = None) -> Any:
            release = ruling.get(kind)
            return self._reader(release, make or READERS[kind]) if release else None

        zips = ruling.get("zip-locality")
        return Books(
            on=on,
            diagnoses=reader("icd10cm"),
            procedures=reader("hcpcs"),
            pairs={
                setting: found
                for setting, name in SETTINGS.items()
                if (found := reader(f"ncci-ptp-{name}", PairBook))
            },
            unit_limits={
                setting: found
                for setting, name in SETTINGS.items()
                if (found := reader(f"mue-{name}", UnitLimitBook))
            },
            add_ons=reader("add-on"),
            fees=reader("pfs"),
            localities=reader(
                "gpci",
                lambda book: LocalityBook(
                    book, self._shelf.book(zips.release_id) if zips else None
                ),
            ),
            articles=reader("mcd-articles"),
            taxonomies=reader("nucc"),
        )

    def _reader(self, release: Release, make: Callable[[Book], Any]) -> Any:
        if release.release_id not in self._readers:
            self._readers[release.release_id] = make(self._shelf.book(release.release_id))
        return self._readers[release.release_id]
