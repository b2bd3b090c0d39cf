"""D: diagnoses."""

from collections.abc import Iterator

from claims_svc.domain.edits.registry import Flaw, Subject, edit


@edit("D001")
def first_is_principal(subject: Subject) -> Iterator[Flaw]:
    """2300 HI: the first diagnosis is ABK, every other one ABF."""
    for position, diagnosis in enumerate(subject.claim.content.diagnoses):
        if (diagnosis.code_type == "ABK") != (position == 0):
            yield Flaw("only the first diagnosis is principal", f"/diagnoses/{position}/code_type")


@edit("D002")
def diagnoses_are_distinct(subject: Subject) -> Iterator[Flaw]:
    """2300 HI: a diagnosis is given once."""
    seen: set[str] = set()
    for position, diagnosis in enumerate(subject.claim.content.diagnoses):
        if diagnosis.code in seen:
            yield Flaw("is given twice", f"/diagnoses/{position}/code")
        seen.add(diagnosis.code)


@edit("D003")
def principal_is_not_an_external_cause(subject: Subject) -> Iterator[Flaw]:
    """ICD-10-CM guidelines I.C.20: external causes (V00 to Y99) are never the first diagnosis."""
    diagnoses = subject.claim.content.diagnoses
    if diagnoses and diagnoses[0].code[0] in "VWXY":
        yield Flaw("an external cause cannot be the principal diagnosis", "/diagnoses/0/code")
