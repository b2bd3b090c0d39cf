"""Any X12 file comes back to the byte, through its JSON form too, and is told what it is."""

import json
from pathlib import Path
from typing import Any

import pytest
import x12_inquiries as one
import x12_targets
import x12_world as world
from hypothesis import given, settings
from hypothesis import strategies as st

from rcm_x12 import document, remittance_835, status_277ca
from rcm_x12.check import check_file
from rcm_x12.document import JsonInvalid, Loop, Segment
from rcm_x12.findings import NotX12, WriteRefused

OWN = Path(__file__).parents[2] / "data" / "x12"
SAMPLES = world.SAMPLES / "x12"
KNOWN = {
    "997": ("997", "known"),
    "278": ("278", "known"),
    "837d": ("837D", "known"),
    "837p-4010": ("837P", "known"),
    "835-4010": ("835", "known"),
    "837i": ("837I", "supported"),
    "837p": ("837P", "supported"),
    "835": ("835", "supported"),
    "999": ("999", "supported"),
    "270": ("270", "supported"),
    "271": ("271", "supported"),
    "276": ("276", "supported"),
    "277": ("277", "supported"),
}
"""Kind and standing by the folder of a sample."""
MISFILED = {"270/271_active_response.x12": ("271", "supported")}


def _manifest() -> list[tuple[str, str, int]]:
    """Path, GS08 and size of each sample."""
    page = SAMPLES / "MANIFEST.md"
    rows = page.read_text().splitlines() if page.is_file() else []
    cells = [[cell.strip() for cell in row.split("|")[1:4]] for row in rows if ".x12 |" in row]
    return [(path, version, int(size)) for path, version, size in cells]


def _same(content: bytes) -> None:
    read = document.read(content)
    assert document.write(read) == content
    form = json.loads(json.dumps(document.to_json(read)))
    assert document.from_json(form) == read


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")
@pytest.mark.parametrize(("path", "version", "size"), _manifest())
def test_a_sample_is_kept_to_the_byte_and_is_what_the_manifest_says(
    path: str, version: str, size: int
) -> None:
    content = (SAMPLES / path).read_bytes()
    assert len(content) == size
    _same(content)
    found = list(document.read(content).sets)
    assert found or path == "997/empty997.x12"
    expected = MISFILED.get(path, KNOWN[path.partition("/")[0]])
    for said, each in found:
        kind = document.kind_of(said, each.set_id)
        assert (said, (kind.name, kind.standing)) == (version, expected)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")
@pytest.mark.parametrize(
    "path", [path for path, _, _ in _manifest() if KNOWN[path.partition("/")[0]][1] == "supported"]
)
def test_a_supported_sample_is_read_to_values(path: str) -> None:
    content = (SAMPLES / path).read_bytes()
    for raw, read in document.read_sets(content, []):
        assert raw.kind.standing == "supported"
        assert read is not None or raw.kind.name not in document.READERS


OWN_FILES = [
    ("835_reversal_and_correction.x12", ["835"]),
    ("835_plb_forward_balance_1.x12", ["835"]),
    ("835_plb_forward_balance_2.x12", ["835"]),
    ("277ca_provider_rejected.x12", ["277CA"]),
    ("999_implementation_codes.x12", ["999"]),
    ("ta1_rejected.x12", []),
    ("several_interchanges_indented.x12", ["270", "271"]),
    ("unterminated.x12", ["277"]),
]


@pytest.mark.parametrize(("name", "kinds"), OWN_FILES)
def test_our_own_files_are_kept_to_the_byte_and_read_without_errors(
    name: str, kinds: list[str]
) -> None:
    content = (OWN / name).read_bytes()
    _same(content)
    read = list(document.read_sets(content, []))
    assert [raw.kind.name for raw, _ in read] == kinds
    assert all(each is not None and not each.is_blocked for _, each in read)
    assert not check_file(content).blocks


def test_a_reversal_and_its_correction_balance_in_one_file() -> None:
    reading = remittance_835.read((OWN / "835_reversal_and_correction.x12").read_bytes())
    (paid,) = reading.contents
    assert [claim.status_code for claim in paid.claims] == ["22", "1", "1"]
    assert remittance_835.balance(paid) == []


def test_a_forwarded_shortfall_comes_back_in_a_later_file() -> None:
    files = ("835_plb_forward_balance_1.x12", "835_plb_forward_balance_2.x12")
    first, second = (remittance_835.read((OWN / name).read_bytes()).contents[0] for name in files)
    forward = {plb.reason_code: plb.amount_cents for plb in first.provider_adjustments}
    back = {plb.reason_code: plb.amount_cents for plb in second.provider_adjustments}
    assert first.header.payment_cents == 0
    assert forward["FB"] == -back["FB"] < 0
    assert back["WO"] == 5000


def test_a_provider_level_rejection_has_no_claims_below() -> None:
    (ack,) = status_277ca.read((OWN / "277ca_provider_rejected.x12").read_bytes()).contents
    assert ack.claims == ()
    assert not ack.providers[0].statuses[0].is_accepted


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_comes_back_as_damaged(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(sorted(x12_targets.seeds().values())))
    place = data.draw(st.integers(3, len(content)))
    junk = data.draw(st.binary(max_size=20) | st.sampled_from([b"~", b"\r\n", b"~ISA*", b"IEA"]))
    damaged = content[:place] + junk + content[place + data.draw(st.integers(0, 20)) :]
    try:
        _same(damaged)
    except NotX12:
        assert place < 110


def test_loops_of_a_supported_set_hold_every_segment_in_order() -> None:
    ((version, each),) = document.read(x12_targets.seeds()["271"]).sets
    parts = document.loops_of(each.segments[1:-1], version, "271", ":")
    assert parts is not None

    def flat(found: list[Segment | Loop]) -> list[Segment]:
        return [
            one
            for part in found
            for one in (flat(part.parts) if isinstance(part, Loop) else [part])
        ]

    assert flat(parts) == list(each.segments[1:-1])
    names = {part.name for part in parts if isinstance(part, Loop)}
    assert names == {"2000A"}


def test_the_json_form_names_the_fields_of_what_is_supported() -> None:
    form: Any = document.to_json(document.read(x12_targets.seeds()["271"]))
    ((group,),) = [[p for p in i["parts"] if "group" in p] for i in form["interchanges"]]
    (each,) = [part for part in group["parts"] if "set" in part]
    assert (each["kind"], each["standing"]) == ("271", "supported")
    subscriber = each["values"]["sources"][0]["receivers"][0]["subscribers"][0]
    assert subscriber["benefits"][1]["amount_cents"] == 150000
    assert subscriber["member"]["birth_date"] == one.BORN.isoformat()


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ([], ""),
        ({"x12": 2}, "/x12"),
        ({"x12": 1}, "/interchanges"),
        ({"x12": 1, "interchanges": [{}]}, "/interchanges/0/separators"),
        (
            {
                "x12": 1,
                "interchanges": [
                    {
                        "separators": {
                            "element": "*",
                            "component": ":",
                            "repetition": "^",
                            "terminator": "~",
                        },
                        "parts": [["ISA", 1]],
                    }
                ],
            },
            "/interchanges/0/parts/0",
        ),
    ],
)
def test_a_form_that_is_none_is_refused_with_its_place(form: object, pointer: str) -> None:
    with pytest.raises(JsonInvalid) as refused:
        document.from_json(form)
    assert refused.value.pointer == pointer


def test_text_that_its_encoding_cannot_hold_is_refused() -> None:
    form = document.to_json(document.read(x12_targets.seeds()["270"]))
    form["encoding"] = "latin-1"
    form["trailer"] = "\u20ac"
    with pytest.raises(WriteRefused):
        document.write(document.from_json(form))


@pytest.mark.parametrize("content", [b"", b"   ", b"GIF89a", b"ISA", b"ISA*00"])
def test_what_is_no_x12_is_no_document(content: bytes) -> None:
    with pytest.raises(NotX12):
        document.read(content)
