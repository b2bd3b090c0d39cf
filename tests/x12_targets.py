"""What must hold of any bytes at all: the properties that `make fuzz` hunts with random files.

Only the package's own exceptions, no file over one second, and the same answer however the source
is cut into chunks.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import x12_claims
import x12_inquiries as inquiries
import x12_world as world

from rcm_x12 import (
    ack_999,
    claim_837i,
    claim_837p,
    document,
    eligibility_270,
    eligibility_271,
    remittance_835,
    status_276,
    status_277,
    status_277ca,
    ta1,
)
from rcm_x12.check import check_file
from rcm_x12.findings import Finding, NotX12, WriteRefused
from rcm_x12.tokenizer import blocks

SECONDS_MAX = 1.0
"""Of processor time; no file of a fuzzer's size comes near."""


def chunks(content: bytes) -> Iterator[bytes]:
    """The content in small pieces whose size depends on the content only."""
    size = 1 + len(content) % 97
    return (content[start : start + size] for start in range(0, len(content), size))


def tokenizer(content: bytes) -> None:
    """Whole or in pieces, the segments are the same.

    Not so when separators make no sense or the text is no plain one: a block is then decoded, or
    the separator of composites then trusted, by what else it holds.
    """
    findings: list[Finding] = []
    whole = [segment for block in blocks(content, findings) for segment in block.segments]
    pieces = [segment for block in blocks(chunks(content), []) for segment in block.segments]
    odd = {"separators", "isa-length"}.intersection(finding.code for finding in findings)
    assert whole == pieces or odd or not content.isascii()


def _reader(package: object) -> Callable[[bytes], None]:
    """Reads; what could be read is written, and a writer refuses by its own exception only."""

    def target(content: bytes) -> None:
        reading = package.read(chunks(content))  # type: ignore[attr-defined]
        assert all(isinstance(finding, Finding) for finding in reading.all_findings)
        for each in reading.sets:
            try:
                package.write(each.envelope, [each.content])  # type: ignore[attr-defined]
            except WriteRefused:
                continue

    return target


def ta1_reader(content: bytes) -> None:
    ta1.read(content)


def generic(content: bytes) -> None:
    """Any file comes back to the byte, through its JSON form too."""
    read = document.read(content)
    assert document.write(read) == content
    assert document.from_json(document.to_json(read)) == read


def checker(content: bytes) -> None:
    report = check_file(chunks(content))
    assert all(str(finding) for finding in report.findings)


def answers(content: bytes) -> None:
    """Whatever the checker says of a file, its 999 and TA1 can be written and read back."""
    report = check_file(chunks(content))
    told = ack_999.acknowledge(report, ack_999.copier(content, report.findings))
    if told:
        assert ack_999.read(ack_999.write(world.ENVELOPE, told)).contents == told
    notes = ta1.acknowledge(report, always=True)
    if notes:
        assert ta1.read(ta1.write(world.ENVELOPE, notes)) == notes


READERS = {
    "837p": claim_837p,
    "837i": claim_837i,
    "835": remittance_835,
    "277ca": status_277ca,
    "999": ack_999,
    "270": eligibility_270,
    "271": eligibility_271,
    "276": status_276,
    "277": status_277,
}
TARGETS: dict[str, Callable[[bytes], None]] = {
    "tokenizer": tokenizer,
    "ta1": ta1_reader,
    "check": checker,
    "answer": answers,
    "document": generic,
    **{name: _reader(package) for name, package in READERS.items()},
}


def holds(target: Callable[[bytes], None], content: bytes) -> None:
    """Raises AssertionError, or whatever the code raises, when a property does not hold."""
    start = time.process_time()
    with suppress(NotX12):
        target(content)
    assert time.process_time() - start < SECONDS_MAX


def seeds() -> dict[str, bytes]:
    """A valid file of each kind, for the fuzzer to begin with."""
    envelope = world.ENVELOPE
    paid = world.remittance(
        world.payment("A", world.service(100, ("CO", "45", 20), ("PR", "1", 30))),
        plb=(("WO", "P1", -5),),
    )
    found = {
        "837p": claim_837p.write(envelope, [world.batch()]),
        "837i": claim_837i.write(envelope, [x12_claims.bill()]),
        "835": remittance_835.write(envelope, [paid]),
        "999": ack_999.write(
            envelope,
            [
                ack_999.Acknowledgment(
                    "HC",
                    "1",
                    "005010X222A1",
                    "R",
                    1,
                    1,
                    0,
                    (
                        ack_999.SetResponse(
                            "837",
                            "0001",
                            "R",
                            "005010X222A1",
                            (ack_999.SegmentError("NM1", 9, "8", "2010"),),
                        ),
                    ),
                )
            ],
        ),
        "270": eligibility_270.write(envelope, [inquiries.ELIGIBILITY]),
        "271": eligibility_271.write(envelope, [inquiries.answer(*inquiries.BENEFITS)]),
        "276": status_276.write(envelope, [inquiries.STATUS_INQUIRY]),
        "277": status_277.write(envelope, [inquiries.told(inquiries.PENDING, inquiries.PAID)]),
        "ta1": ta1.write(envelope, [ta1.InterchangeAcknowledgment("000000123", world.MOMENT, "A")]),
    }
    found["277ca"] = _acknowledged()
    return found


def _acknowledged() -> bytes:
    day = world.DAY
    codes = status_277ca.StatusCode("A7", "33", "IL")
    refused = status_277ca.Status((codes,), day, "U", 8000)
    claim = status_277ca.ClaimStatus(
        inquiries.INSURED, "C0001", (refused,), payer_claim_number="P1", service_from=day
    )
    provider = status_277ca.ProviderStatus(inquiries.CLINIC, (claim,))
    answer = status_277ca.ClaimAcknowledgment(
        "R1",
        world.MOMENT,
        inquiries.PAYER,
        "PR",
        "T1",
        day,
        day,
        inquiries.SUBMITTER,
        "B0001",
        (refused,),
        status_277ca.Totals(1, 1, 15000, 8000),
        (provider,),
    )
    return status_277ca.write(world.ENVELOPE, [answer])
