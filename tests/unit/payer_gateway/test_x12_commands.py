"""`rcm x12`: what each verb prints, writes and exits with."""

import json
from pathlib import Path

import pytest
import x12_claims
import x12_targets
import x12_world as world
from typer.testing import CliRunner, Result

from payer_gateway.commands.masking import MASK, masked
from payer_gateway.commands.x12 import app
from rcm_x12 import ack_999, claim_837p, document, remittance_835, ta1

SEEDS = x12_targets.seeds()
SECRETS = ("ROE", "ROBIN", "M1234567", "19800102", "1 MAIN ST")


def run(*arguments: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(app, list(arguments), input=given)


@pytest.fixture
def write(tmp_path: Path):
    def put(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return put


@pytest.mark.parametrize("kind", SEEDS)
def test_read_names_every_set_and_no_person(kind: str) -> None:
    result = run("read", "-", given=SEEDS[kind])
    assert result.exit_code == 0
    if kind != "ta1":
        assert kind.upper() in result.stdout
    assert not [secret for secret in SECRETS if secret in result.stdout]


@pytest.mark.parametrize("kind", SEEDS)
def test_what_read_gives_as_json_is_written_to_the_byte(kind: str, tmp_path: Path) -> None:
    read = run("read", "-", "--json", given=SEEDS[kind])
    assert read.exit_code == 0
    target = tmp_path / "again.x12"
    assert run("write", "-", "-o", str(target), given=read.stdout_bytes).exit_code == 0
    assert target.read_bytes() == SEEDS[kind]
    assert run("write", "-", given=read.stdout_bytes).stdout_bytes == SEEDS[kind]


def test_ndjson_gives_a_line_for_each_claim_of_a_remittance() -> None:
    paid = world.remittance(*(world.payment(f"C{n}", world.service(100)) for n in range(3)))
    result = run("read", "-", "--ndjson", given=remittance_835.write(world.ENVELOPE, [paid]))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    items = ["Header", "ClaimPayment", "ClaimPayment", "ClaimPayment", "Trailer"]
    assert [line["item"] for line in lines] == items
    assert [line["values"]["control_number"] for line in lines[1:4]] == ["C0", "C1", "C2"]


@pytest.mark.parametrize("kind", sorted(set(SEEDS) - {"835", "ta1"}))
def test_ndjson_gives_a_line_for_each_other_set(kind: str) -> None:
    (line,) = run("read", "-", "--ndjson", given=SEEDS[kind]).stdout.splitlines()
    form = json.loads(line)
    assert (form["kind"], form["standing"]) == (kind.upper(), "supported")
    assert form["values"]


def test_a_set_of_an_unsupported_version_is_shown_as_such() -> None:
    old = SEEDS["837p"].replace(b"005010X222A1", b"004010X098A1")
    assert "known, not read to values" in run("read", "-", given=old).stdout
    (line,) = run("read", "-", "--ndjson", given=old).stdout.splitlines()
    assert json.loads(line)["segments"]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (SEEDS["270"], 0, "clean: 1 set, no finding"),
        (SEEDS["270"].replace(b"~EQ*30~", b"~EQ~"), 1, "blocked"),
        (b"GIF89a", 2, "it is not X12"),
        (b"", 2, "it is not X12"),
    ],
    ids=["clean", "blocked", "an image", "nothing"],
)
def test_check_says_by_its_exit_code_what_may_pass(content: bytes, code: int, words: str) -> None:
    result = run("check", "-", given=content)
    assert result.exit_code == code
    assert words in result.output


def test_check_gives_findings_as_json_with_their_place() -> None:
    result = run("check", "-", "--json", given=SEEDS["270"].replace(b"~EQ*30~", b"~EQ~"))
    form = json.loads(result.stdout)
    assert form["blocks"]
    assert {(one["loop"], one["segment"]) for one in form["findings"]} >= {("2110C", "EQ")}


def test_a_second_opinion_stands_beside_the_first() -> None:
    claims = claim_837p.write(world.ENVELOPE, [world.batch()])
    form = json.loads(run("check", "-", "--json", "--second-opinion", given=claims).stdout)
    assert form["second_opinion"] == []
    broken = claims.replace(b"*11:B:1*", b"*11:Z:1*")
    form = json.loads(run("check", "-", "--json", "--second-opinion", given=broken).stdout)
    assert form["second_opinion"]


def test_ack_answers_a_group_with_a_999_and_a_broken_interchange_with_a_ta1() -> None:
    answered = run("ack", "-", "--number", "7", given=SEEDS["837p"]).stdout_bytes
    reading = ack_999.read(answered)
    assert reading.all_findings == ()
    assert [ack.code for ack in reading.contents] == ["A"]
    envelope = reading.sets[0].envelope
    assert (envelope.sender_id, envelope.receiver_id) == ("PAYERTWIN", "CLINIC")
    assert envelope.interchange_control_number == "000000007"
    broken = SEEDS["837p"].replace(b"IEA*1*000000001", b"IEA*1*000000002")
    (refused,) = ta1.read(run("ack", "-", given=broken).stdout_bytes)
    assert (refused.code, refused.note_code) == ("R", "001")


def test_an_acknowledgment_is_not_acknowledged() -> None:
    result = run("ack", "-", given=SEEDS["999"])
    assert result.exit_code == 2
    assert "nothing that is acknowledged" in result.output


def test_diff_matches_claims_by_number_and_masks_persons(write) -> None:
    first = world.CLAIM
    claims = [first, x12_claims.replace(first, control_number="C0002")]
    left = claim_837p.write(world.ENVELOPE, [world.batch(*claims)])
    right = claim_837p.write(world.ENVELOPE, [world.batch(*reversed(claims))])
    one_file = write("a", left)
    assert run("diff", one_file, one_file).exit_code == 0
    assert run("diff", one_file, write("b", right)).exit_code == 0
    changed = left.replace(b"*C0002*150*", b"*C0002*151*").replace(b"*ROE*", b"*DOE*")
    result = run("diff", one_file, write("c", changed))
    assert result.exit_code == 1
    assert "@ CLM C0002" in result.stdout
    assert "+ CLM*C0002*151" in result.stdout
    assert "DOE" not in result.stdout
    assert "DOE" in run("diff", one_file, write("d", changed), "--show-persons").stdout


@pytest.mark.parametrize("kind", SEEDS)
def test_explain_says_each_segment_in_words_and_hides_persons(kind: str) -> None:
    result = run("explain", "-", given=SEEDS[kind])
    assert result.exit_code == 0
    count = sum(1 for each in document.read(SEEDS[kind]).interchanges for _ in each.segments)
    assert len(result.stdout.splitlines()) == count
    assert "of another set" not in result.stdout
    assert "\n    SE*" in result.stdout or kind == "ta1"
    assert not [secret for secret in SECRETS if secret in result.stdout]


def test_explain_shows_persons_when_asked() -> None:
    assert "ROBIN" in run("explain", "-", "--show-persons", given=SEEDS["270"]).stdout
    assert "2110C: what is asked" in run("explain", "-", given=SEEDS["270"]).stdout


@pytest.mark.parametrize(
    ("verb", "given"),
    [("read", b"nothing"), ("ack", b"nothing"), ("explain", b"nothing"), ("write", b"{")],
)
def test_a_failure_is_one_sentence(verb: str, given: bytes) -> None:
    result = run(verb, "-", given=given)
    assert result.exit_code == 2
    assert len(result.output.strip().splitlines()) == 1
    assert result.output.startswith("-: ")


def test_a_file_that_is_not_there_is_named() -> None:
    result = run("read", "/nowhere/at/all")
    assert result.exit_code == 2
    assert result.output.startswith("/nowhere/at/all: it cannot be read")


@pytest.mark.parametrize(
    ("segment", "kept"),
    [
        ("NM1*IL*1*ROE*ROBIN****MI*M1", f"NM1*IL*1*{MASK}*{MASK}****MI*{MASK}"),
        ("NM1*85*2*CLINIC*****XX*1234567893", "NM1*85*2*CLINIC*****XX*1234567893"),
        ("NM1*82*1*WELBY*MARCUS****XX*1003000126", f"NM1*82*1*{MASK}*{MASK}****XX*{MASK}"),
        ("ISA*00*          *01*SECRET    *ZZ", f"ISA*00*          *01*{MASK}*ZZ"),
        ("REF*SY*123456789", f"REF*SY*{MASK}"),
        ("REF*6R*L-1", "REF*6R*L-1"),
        ("DMG*D8*19800102*F", f"DMG*D8*{MASK}*{MASK}"),
        ("CLM*C0001*150", "CLM*C0001*150"),
        ("SV1*HC:99213:25*150", "SV1*HC:99213:25*150"),
        ("SV1*HC>64999>>>>>ROE, NERVE BLOCK*150", f"SV1*HC>64999>>>>>{MASK}*150"),
        ("SVC*HC:64999:::::ROE:X*1*1**1*HC:64999", f"SVC*HC:64999:::::{MASK}:X*1*1**1*HC:64999"),
    ],
)
def test_a_mask_covers_persons_only(segment: str, kept: str) -> None:
    assert "*".join(masked(tuple(segment.split("*")))) == kept


def test_a_file_of_several_pieces_is_read_whole() -> None:
    many = remittance_835.write(
        world.ENVELOPE,
        [world.remittance(*(world.payment(f"C{n}", world.service(100)) for n in range(3000)))],
    )
    assert len(many) > 300_000
    result = run("read", "-", "--ndjson", given=many)
    assert len(result.stdout.splitlines()) == 3002


def test_what_a_file_holds_is_never_taken_for_words_to_the_terminal(write) -> None:
    """Place of service, facility and frequency are sent as `11:B:1`, which rich has an emoji for;
    a name may hold brackets, and a control character would be the terminal's to obey."""
    claim = SEEDS["837p"].replace(b"*ROE*", b"*R[red]\x1b[2JE*")
    assert claim != SEEDS["837p"]
    shown = run("explain", "-", "--show-persons", given=claim).stdout
    assert ":B:1*" in shown
    assert "R[red]\N{REPLACEMENT CHARACTER}[2JE" in shown
    changed = write("b.x12", claim.replace(b":B:1*", b":B:7*"))
    differing = run("diff", write("a.x12", claim), changed, "--show-persons").stdout
    assert ":B:1*" in differing
    assert ":B:7*" in differing


@pytest.mark.parametrize(
    ("name", "words"),
    [("R~E", "NM1: an element holds a separator"), ("R*E", "NM1: an element holds a separator")],
)
def test_write_refuses_a_value_that_holds_a_separator(name: str, words: str) -> None:
    form = run("read", "-", "--json", given=SEEDS["837p"]).stdout.replace('"ROE"', f'"{name}"')
    result = run("write", "-", given=form.encode())
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert name not in result.stderr


def test_write_refuses_a_form_without_an_interchange() -> None:
    result = run("write", "-", given=b'{"x12": 1, "interchanges": []}')
    assert (result.exit_code, result.stderr) == (2, "-: /interchanges: a file holds at least one\n")
