"""What arrives at the desk: visits without codes, and documents."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from coding_svc.api.bodies import CodingBody
from coding_svc.domain.desk.document import DocumentText
from coding_svc.domain.desk.intake import Visit
from rcm.contracts.bodies import Body, PatientBody, persons_of

DOCUMENTS_MAX = 50
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]


class DocumentCreate(Body):
    """A text of the record, of up to 400,000 characters. The same `external_id` again is the
    document's next version."""

    external_id: Annotated[str, Field(min_length=1, max_length=200, repr=False)]
    kind: Kind = "note"
    text: Annotated[str, Field(repr=False)]
    author_npi: Annotated[str, Field(pattern=r"^([0-9]{10})?$")] = ""
    written_on: date | None = None

    @property
    def document(self) -> DocumentText:
        return DocumentText(
            external_id=self.external_id,
            kind=self.kind,
            text=self.text,
            author_npi=self.author_npi,
            written_on=self.written_on,
        )


class ChartCreate(CodingBody):
    """A visit to be coded. `lines` are its known charges and `diagnoses` those that the record has
    already; both are usually empty."""

    external_id: Annotated[str, Field(min_length=1, max_length=80)]
    patient: PatientBody
    kind: Kind = "office"
    """What sort of visit, in the clinic's own word: `office`, `inpatient`, `emergency`."""
    is_inpatient: bool = False
    setting: Literal["practitioner", "outpatient_hospital", "dme"] = "practitioner"
    contractor: Annotated[str, Field(pattern=r"^([0-9A-Z]{5})?$")] = ""
    expected_cents: Annotated[int, Field(ge=0, le=10**12)] | None = None
    documents: Annotated[tuple[DocumentCreate, ...], Field(max_length=DOCUMENTS_MAX)] = ()

    @property
    def visit(self) -> Visit:
        return Visit(
            external_id=self.external_id,
            patient_external_id=self.patient.external_id,
            coding=self.coding,
            persons=persons_of(self.patient, self.coverages),
            kind=self.kind,
            is_inpatient=self.is_inpatient,
            setting=self.setting,
            contractor=self.contractor,
            expected_cents=self.expected_cents,
            documents=tuple(each.document for each in self.documents),
        )
