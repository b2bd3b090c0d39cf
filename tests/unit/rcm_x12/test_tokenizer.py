"""The frame of a file: whatever senders do to separators, line ends and envelopes."""

import pytest
import x12_world as world
from hypothesis import given, settings
from hypothesis import strategies as st

from rcm_x12 import ack_999, claim_837p, remittance_835, status_277ca, ta1
from rcm_x12.findings import Finding, NotX12, X12Error
from rcm_x12.tokenizer import SEGMENT_BYTES_MAX, Separators, blocks

PLAIN = claim_837p.write(world.ENVELOPE, [world.batch()])
EXPECTED = (world.batch(),)


def with_separators(content: bytes, element: bytes, component: bytes, terminator: bytes) -> bytes:
    return content.translate(bytes.maketrans(b"*:~", element + component + terminator))


ODDITIES = {
    "byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "newline after each segment": PLAIN.replace(b"~", b"~\n"),
    "CR LF after each segment": PLAIN.replace(b"~", b"~\r\n"),
    "indentation": PLAIN.replace(b"~", b"~\n    "),
    "newline as terminator": PLAIN.replace(b"~", b"\n"),
    "CR LF as terminator": PLAIN.replace(b"~", b"\r\n"),
    "group separator as terminator": with_separators(PLAIN, b"*", b":", b"\x1d"),
    "other separators": with_separators(PLAIN, b"|", b">", b"!"),
    "empty segments": PLAIN.replace(b"~LX", b"~~LX"),
    "white space before ISA": b"\n  " + PLAIN,
    "white space at the end": PLAIN + b"\n\n",
}


@pytest.mark.parametrize("content", ODDITIES.values(), ids=ODDITIES.keys())
def test_a_valid_oddity_changes_nothing(content: bytes) -> None:
    reading = claim_837p.read(content)
    assert reading.contents == EXPECTED
    assert [f for f in reading.all_findings if f.severity == "error"] == []


ODD_BUT_READ = {
    "last terminator missing": (PLAIN[:-1], "terminator"),
    "short ISA": (PLAIN.replace(b"CLINIC         *", b"CLINIC*", 1), "isa-length"),
    "body with another component separator": (
        PLAIN[:106] + PLAIN[106:].replace(b":", b">"),
        "component-separator",
    ),
    "bytes after IEA": (PLAIN + b"GARBAGE", "trailing-bytes"),
}


@pytest.mark.parametrize(("content", "code"), ODD_BUT_READ.values(), ids=ODD_BUT_READ.keys())
def test_an_oddity_that_breaks_a_rule_is_read_and_reported(content: bytes, code: str) -> None:
    reading = claim_837p.read(content)
    assert reading.contents == EXPECTED
    assert [finding.code for finding in reading.findings] == [code]


def test_several_interchanges_with_their_own_separators_are_all_read() -> None:
    other = with_separators(PLAIN, b"|", b">", b"!")
    reading = claim_837p.read(PLAIN + b"\n" + other + PLAIN)
    assert reading.contents == EXPECTED * 3
    assert reading.all_findings == ()


def test_letters_like_an_envelope_inside_a_name_do_not_end_it() -> None:
    content = PLAIN.replace(b"ROE*ROBIN", b"IEA*ISABEL")
    found = claim_837p.read(content)
    assert found.sets[0].findings == ()
    assert found.contents[0].claims[0].subscriber.person.first_name == "ISABEL"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"~SE*", b"~SE*1", "SE-count"),
        (b"*0001~GE", b"*0002~GE", "SE-number"),
        (b"~GE*1*1~", b"~GE*2*1~", "GE-count"),
        (b"~GE*1*1~", b"~GE*1*2~", "GE-number"),
        (b"~IEA*1*", b"~IEA*2*", "IEA-count"),
        (b"~IEA*1*000000001~", b"~IEA*1*000000002~", "IEA-number"),
        (b"~IEA*1*000000001~", b"~", "IEA-missing"),
        (b"~GE*1*1~", b"~", "GE-missing"),
    ],
)
def test_each_fault_of_an_envelope_is_found(old: bytes, new: bytes, code: str) -> None:
    assert PLAIN.count(old) == 1
    reading = claim_837p.read(PLAIN.replace(old, new))
    assert code in {finding.code for finding in reading.all_findings}
    assert reading.contents == EXPECTED


@pytest.mark.parametrize("content", [b"", b"hello", b"ISA", b"ISA*00*~", PLAIN[3:], b"\x00" * 300])
def test_what_is_no_interchange_is_refused(content: bytes) -> None:
    with pytest.raises(NotX12):
        claim_837p.read(content)


def test_an_endless_segment_is_left_out_and_memory_stays_flat() -> None:
    def chunks() -> object:
        yield PLAIN[:200]
        for _ in range(40):
            yield b"A" * (SEGMENT_BYTES_MAX // 8)
        yield PLAIN[199:]

    findings: list[Finding] = []
    longest = max(len(block.text) for block in blocks(chunks(), findings))  # type: ignore[arg-type]
    assert longest < SEGMENT_BYTES_MAX
    assert "segment-too-long" in {finding.code for finding in findings}


READERS = (claim_837p.read, remittance_835.read, ack_999.read, status_277ca.read, ta1.read)


@given(st.binary(max_size=400), st.integers(0, len(PLAIN)), st.integers(0, 60))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_a_reader_fail(noise: bytes, at: int, removed: int) -> None:
    content = PLAIN[:at] + noise + PLAIN[at + removed :]
    for read in READERS:
        try:
            read(content)
        except X12Error:
            continue


samples = sorted(world.SAMPLES.glob("x12/**/*.x12"))


@pytest.mark.skipif(not samples, reason="the samples are not here")
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__module__.split(".")[1])
def test_no_sample_makes_a_reader_fail(read: object) -> None:
    for sample in samples:
        try:
            read(sample.read_bytes())  # type: ignore[operator]
        except X12Error:
            continue


@pytest.mark.skipif(not samples, reason="the samples are not here")
@pytest.mark.parametrize(
    ("name", "sets", "claims"),
    [
        ("837p/home_infusion_therapy_pharmacy_adjudicat.x12", 1, 1),
        ("837p/out_of_network_repriced_claim.x12", 1, 1),
        ("837p/edi_sample_50_claims.x12", 1, 50),
        ("837p/edi_sample_25_claims.x12", 1, 15),
    ],
)
def test_samples_of_claims_are_read_whole(name: str, sets: int, claims: int) -> None:
    reading = claim_837p.read((world.SAMPLES / "x12" / name).read_bytes())
    assert len(reading.sets) == sets
    assert sum(len(batch.claims) for batch in reading.contents) == claims


@pytest.mark.skipif(not samples, reason="the samples are not here")
@pytest.mark.parametrize(
    ("name", "blocked"),
    [
        ("5010_835_example_3", False),
        ("era_sample", False),
        ("profee", False),
        ("secondary_payment_with_higher_fee_schedu", False),
        ("managed_care", True),
        ("secondary_payment", True),
        ("tertiary_payment", True),
    ],
)
def test_samples_of_remittances_get_the_verdict_that_they_deserve(name: str, blocked: bool) -> None:  # noqa: FBT001
    reading = remittance_835.read((world.SAMPLES / "x12" / "835" / f"{name}.x12").read_bytes())
    assert [each.is_blocked for each in reading.sets] == [blocked]


@pytest.mark.parametrize("noise", [b"", b"\r\n", b"\n  "], ids=["none", "CRLF", "indented"])
def test_interchanges_with_separators_of_their_own_stay_apart_however_the_file_is_cut(
    noise: bytes,
) -> None:
    first = claim_837p.write(world.ENVELOPE, [world.batch()])
    second = first.translate(bytes.maketrans(b"*~:^", b"|!>}"))
    content = (first + second).replace(b"~", b"~" + noise).replace(b"!", b"!" + noise)
    whole = [(block.separators, block.text) for block in blocks(content, [])]
    for size in (1, 7, 64, 105, 107):
        pieces = (content[start : start + size] for start in range(0, len(content), size))
        found: dict[Separators, list[str]] = {}
        for block in blocks(pieces, []):
            found.setdefault(block.separators, []).extend(block.segments)
        assert [
            (separators, separators.terminator.join(segments))
            for separators, segments in found.items()
        ] == whole
