"""The checker's frame: structure, envelopes, hostile files, companion rules and code sets."""

import contextlib
import random
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import x12_claims as full
import x12_defects as files
import x12_world as world
from hypothesis import given, settings
from x12_defects import broken

from rcm_x12 import claim_837i, claim_837p, remittance_835, ta1
from rcm_x12.check import (
    RULES,
    STRUCTURE,
    CodeFileInvalid,
    CompanionInvalid,
    Standing,
    check_file,
    load_codes,
    load_companion,
    shipped,
)
from rcm_x12.check.reference import page
from rcm_x12.findings import NotX12

ROOT = Path(__file__).parents[3]
CLEAN = {
    "837P": files.PROFESSIONAL,
    "837I": files.INSTITUTIONAL,
    "835": files.PAID,
    "270": files.ELIGIBILITY,
    "271": files.COVERED,
    "276": files.ASKED,
    "277": files.TOLD,
    "277CA": files.ACKNOWLEDGED,
    "999": files.ANSWERED,
    "TA1": ta1.write(
        world.ENVELOPE, [ta1.InterchangeAcknowledgment("000000123", world.MOMENT, "A")]
    ),
}


@pytest.mark.parametrize("kind", CLEAN)
def test_what_is_clean_has_no_finding(kind: str) -> None:
    report = check_file(CLEAN[kind])
    assert report.findings == ()
    assert not report.blocks
    assert {one.content.kind for one in report.sets} == ({kind} if kind != "TA1" else set())


@pytest.mark.parametrize(
    "content",
    [
        claim_837p.write(world.ENVELOPE, [world.batch(full.CLAIM)]),
        claim_837i.write(world.ENVELOPE, [full.bill()]),
    ],
    ids=["837P", "837I"],
)
def test_a_claim_with_everything_that_its_guide_has_breaks_nothing_of_its_form(
    content: bytes,
) -> None:
    assert {one.snip for one in check_file(content).findings} & {1, 2} == set()


@pytest.mark.parametrize("kind", CLEAN)
def test_without_any_rule_only_structure_is_asked(kind: str) -> None:
    assert check_file(CLEAN[kind], rules=()).findings == ()


def test_what_is_no_interchange_is_refused() -> None:
    with pytest.raises(NotX12):
        check_file(b"GIF89a")


P = files.PROFESSIONAL
LONG = b"~NTE*ADD*" + b"X" * 3_000_000 + b"~HI*"
STRUCTURAL: list[tuple[str, bytes]] = [
    ("isa-length", P.replace(b"*ZZ*CLINIC         *", b"*ZZ*CLINIC*", 1)),
    ("separators", P.replace(b"*0*T*:~", b"*0*T*A~")),
    ("component-separator", P.replace(b"*0*T*:~", b"*0*T*>~")),
    ("terminator", P[:-1]),
    ("segment-too-long", P.replace(b"~HI*", LONG)),
    ("trailing-bytes", P + b"REF*1~"),
    ("segment-outside", P.replace(b"~IEA*", b"~REF*1~IEA*")),
    ("ISA-date", P.replace(b"*260301*1230*", b"*261301*1230*")),
    ("ISA-elements", P.replace(b"*0*T*:~", b"*0*T*:*~")),
    ("ISA-authorization", P.replace(b"ISA*00*", b"ISA*99*")),
    ("ISA-security", P.replace(b"          *00*", b"          *99*")),
    ("ISA-sender-qualifier", P.replace(b"*ZZ*CLINIC  ", b"*XX*CLINIC  ")),
    ("ISA-sender", P.replace(b"*ZZ*CLINIC ", b"*ZZ*       ")),
    ("ISA-receiver-qualifier", P.replace(b"*ZZ*PAYERTWIN  ", b"*XX*PAYERTWIN  ")),
    ("ISA-receiver", P.replace(b"*ZZ*PAYERTWIN ", b"*ZZ*          ")),
    ("ISA-version", P.replace(b"*00501*", b"*00401*")),
    ("ISA-number", P.replace(b"000000001", b"00000000A")),
    ("ISA-repeated", P + P),
    ("ISA-acknowledgment", P.replace(b"*0*T*:~", b"*2*T*:~")),
    ("ISA-usage", P.replace(b"*0*T*:~", b"*0*X*:~")),
    ("IEA-count", P.replace(b"~IEA*1*", b"~IEA*2*")),
    ("IEA-number", P.replace(b"~IEA*1*000000001", b"~IEA*1*000000002")),
    ("IEA-missing", P[: P.index(b"IEA*")]),
    ("interchange-empty", P[: P.index(b"GS*")] + b"IEA*0*000000001~"),
    ("GS-missing", P.replace(P[P.index(b"GS*") : P.index(b"ST*")], b"").replace(b"GE*1*1~", b"")),
    ("GE-missing", P.replace(b"~GE*1*1~", b"~")),
    ("GE-count", P.replace(b"~GE*1*1~", b"~GE*2*1~")),
    ("GE-number", P.replace(b"~GE*1*1~", b"~GE*1*2~")),
    ("GS-number", P.replace(b"*1230*1*X*", b"*1230*01*X*").replace(b"~GE*1*1~", b"~GE*1*01~")),
    ("GS-repeated", P.replace(b"IEA*1*", P[P.index(b"GS*") : P.index(b"IEA*")] + b"IEA*2*")),
    ("GS-set", P.replace(b"~GS*HC*", b"~GS*HP*")),
    ("GS-label", P.replace(b"005010X222A1", b"005010X222A2")),
    ("GS-sender", P.replace(b"~GS*HC*CLINIC*", b"~GS*HC**")),
    ("GS-date", P.replace(b"*20260301*1230*1*X*", b"*20261301*1230*1*X*")),
    ("GS-agency", P.replace(b"*1*X*005010", b"*1*T*005010")),
    ("ST-missing", P.replace(b"~GE*1*", b"~SE*1*0001~GE*1*")),
    ("ST-repeated", P.replace(b"GE*1*", P[P.index(b"ST*") : P.index(b"GE*")] + b"GE*2*")),
    ("ST-number", P.replace(b"*0001", b"*1")),
    ("ST-version", P.replace(b"*0001*005010X222A1", b"*0001*005010X222")),
    ("ST-unsupported", P.replace(b"005010X222A1", b"005010X217")),
    ("SE-missing", P.replace(P[P.index(b"~SE*") : P.index(b"~GE*")], b"")),
    ("SE-number", P.replace(b"~SE*29*0001", b"~SE*29*0002")),
    ("SE-count", P.replace(b"~SE*29*", b"~SE*30*")),
    ("segment-unknown", broken(P, ("~HI*", "~XYZ*1~HI*"))),
    ("segment-foreign", broken(P, ("~HI*", "~CLP*1~HI*"))),
    ("segment-not-used", broken(P, ("~HI*", "~CL1*1~HI*"))),
    ("segment-unexpected", broken(P, ("~HI*", "~REF*ZZ*1~HI*"))),
    ("segment-missing", broken(P, ("~REF*EI*123456789", ""))),
    ("loop-repeat", broken(P, ("~NM1*40*2", "~NM1*40*2*PAYER*****46*P~NM1*40*2"))),
    ("segment-repeat", broken(P, ("~HI*", "~AMT*F5*1~AMT*F5*1~HI*"))),
    ("segment-order", broken(P, ("~LX*1~", "~DTP*431*D8*20260101~LX*1~"))),
    ("character", broken(P, ("*ROE*ROBIN*", "*ROÉ*ROBIN*"))),
    ("trailing-separator", broken(P, ("*TE*2175550100", "*TE*2175550100*"))),
    ("element-mandatory", broken(P, ("SBR*P*", "SBR**"))),
    ("element-missing", broken(P, ("~LX*1~", "~NM1*82*1**SAM****XX*1245319599~LX*1~"))),
    (
        "element-conditional",
        broken(P, ("*IC*BILLING DESK*TE*2175550100", "*IC*DESK*TE*2175550100*EX")),
    ),
    ("element-exclusive", broken(P, ("*IL*627010001~DMG", "*IL*627010001*US***CA~DMG"))),
    ("element-too-many", broken(P, ("REF*6R*L-1", "REF*6R*L-1***1"))),
    ("component-too-many", broken(P, ("*1:2~", "*1:2:1:2:1~"))),
    ("element-too-short", broken(P, ("N4*SPRINGFIELD*", "N4*S*"))),
    ("element-too-long", broken(P, ("N3*1 MAIN ST", "N3*" + "A" * 56))),
    ("element-character", broken(P, ("36415*50*UN*1*", "36415*50*UN*X*"))),
    ("amount-decimals", broken(P, ("36415*50*", "36415*50.000*"))),
    ("element-code", broken(P, ("*Y*A*Y*Y~", "*Y*A*Y*N~"))),
    ("element-date", broken(P, ("BHT*0019*00*B0001*20260301", "BHT*0019*00*B0001*20260231"))),
    ("element-time", broken(P, ("*20260301*1230*CH", "*20260301*2460*CH"))),
    ("element-not-used", broken(P, ("*Y*A*Y*Y~", "*Y*A*Y*Y****1~"))),
]


@pytest.mark.parametrize(("code", "content"), STRUCTURAL, ids=[one[0] for one in STRUCTURAL])
def test_each_fault_of_structure_is_found(code: str, content: bytes) -> None:
    report = check_file(content)
    found = {finding.code: finding for finding in report.findings}
    assert code in found
    assert found[code].snip == STRUCTURE[code].snip
    assert found[code].x12_code == STRUCTURE[code].x12_code
    assert report.blocks == any(one.severity == "error" for one in report.findings)


def test_every_structural_code_has_a_row() -> None:
    # No guide here declares an element that repeats a limited number of times but for 270 and 999.
    assert set(STRUCTURE) - {one[0] for one in STRUCTURAL} == {"repetition-too-many"}


def test_an_element_that_repeats_too_often_is_found() -> None:
    often = "^".join(["CLM01:X"] * 11)
    content = broken(
        files.ANSWERED,
        ("~IK5*", f"~IK3*NM1*5*2010*8~CTX*{often}~IK4*1*98*7~IK5*"),
    )
    assert [one.code for one in check_file(content).findings] == ["repetition-too-many"]


def test_a_finding_has_its_exact_place_and_no_value_of_the_file() -> None:
    content = broken(P, ("11:B:1", "11:X:1"))
    (found,) = check_file(content).findings
    assert (found.position, found.set_position, found.segment_id) == (21, 19, "CLM")
    assert (found.loop, found.element, found.component) == ("2300", 5, 2)
    assert (found.reference, found.data_element) == ("C0001", "1332")
    values = {"ROE", "ROBIN", "M1234567", "19800102", "SPRINGFIELD"}
    for rule in (*RULES.values(), *STRUCTURE.values()):
        assert not values & set(rule.sentence.split())


def test_faults_of_eight_kinds_in_the_money_of_a_remittance_are_caught() -> None:
    rows = {
        "line-balance": [("CAS*CO*45*30", "CAS*CO*45*31"), ("CO*197*80", "CO*197*-80"),
                         ("SVC*HC:99213*100*50", "SVC*HC:99213*100*51")],
        "claim-balance": [("*150*80*20*", "*150*81*20*")],
        "payment-balance": [("BPR*I*56.25", "BPR*I*57.25"), ("WO:OLD1*25", "WO:OLD1*26")],
        "amount-decimals": [("L6*-1.25", "L6*-1.250")],
    }  # fmt: skip
    for code, changes in rows.items():
        for change in changes:
            report = check_file(broken(files.PAID, change))
            assert report.blocks
            assert code in {one.code for one in report.findings}
    counted = check_file(files.PAID.replace(b"~SE*", b"~SE*9"))
    assert [one.code for one in counted.findings] == ["SE-count"]


def endless(segments: int) -> Iterator[bytes]:
    """A claim file of any length, made while it is read."""
    head, _, rest = P.partition(b"~HL*2")
    holder = b"~HL*2" + rest.partition(b"~SE*")[0]
    yield head
    for _ in range(segments // holder.count(b"~")):
        yield holder
    yield b"~SE*1*0001~GE*1*1~IEA*1*000000001~"


HOSTILE = {
    "many claims": lambda: endless(30_000),
    "one segment again and again": lambda: (
        part
        for part in [P[: P.index(b"~HI*")], *([b"~REF*EA*1" * 1000] * 30), P[P.index(b"~HI*") :]]
    ),
    "one loop again and again": lambda: (
        part
        for part in [
            P[: P.index(b"~LX*2")],
            *([b"~LX*2~SV1*HC:36415*50*UN*1***1~DTP*472*D8*20260201" * 300] * 30),
            P[P.index(b"~SE*") :],
        ]
    ),
    "an element of fifty megabytes": lambda: (
        part for part in [P[: P.index(b"ROBIN")], *([b"R" * 65536] * 800), P[P.index(b"ROBIN") :]]
    ),
    "every line wrong": lambda: (
        part
        for part in [
            P[: P.index(b"~LX*2")],
            *([b"~LX*X~SV1*::::::::*X*Q*Z***9:9:9:9:9~DTP*1*2*3~ZZZ*1" * 300] * 15),
            P[P.index(b"~SE*") :],
        ]
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_takes_no_more_memory_than_another(name: str) -> None:
    check_file(P)
    tracemalloc.start()
    try:
        report = check_file(HOSTILE[name]())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.blocks
    assert len(report.findings) <= 12_000
    assert peak < 24_000_000


def test_a_file_cut_anywhere_is_a_finding_and_no_crash() -> None:
    for end in range(107, len(P), 13):
        report = check_file(P[:end])
        assert report.blocks or report.findings


def test_a_file_of_many_bad_sets_is_counted_and_capped() -> None:
    bad = broken(P, ("~HI*", "~XYZ*1" * 200 + "~HI*"))
    one = bad[bad.index(b"ST*") : bad.index(b"GE*")]
    content = bad[: bad.index(b"ST*")] + one * 120 + bad[bad.index(b"GE*") :]
    report = check_file(content)
    assert len(report.findings) <= 10_200
    assert report.omitted > 10_000
    assert report.blocks
    assert all(each.is_blocked for each in report.sets)


def test_no_mangled_file_makes_the_checker_fail() -> None:
    chance = random.Random(7)  # noqa: S311 - a repeatable choice, not a secret
    parts = [b"", b"X", b"-", b"1.234", b":", b"::::::::::::", b"^" * 9, b"9" * 40, b"\xff", b"~"]
    for content in CLEAN.values():
        for _ in range(150):
            segments = content.split(b"~")
            for _ in range(chance.randint(1, 4)):
                index = chance.randrange(1, len(segments))
                elements = segments[index].split(b"*")
                elements[chance.randrange(len(elements))] = chance.choice(parts)
                segments[index] = b"*".join(elements)
                if chance.random() < 0.2:
                    del segments[chance.randrange(1, len(segments))]
            with contextlib.suppress(NotX12):
                check_file(b"~".join(segments))


TWIN = {
    "name": "Payer Twin 837P",
    "rules": [
        {"code": "T-1", "loop": "2010BA", "segment": "NM1", "qualifier": "IL", "element": 9,
         "must": "match", "pattern": "A[0-9]{7}", "message": "a member id is A and digits"},
        {"code": "T-2", "loop": "2000B", "segment": "SBR", "element": 3, "must": "be-present",
         "message": "the group number is needed"},
        {"code": "T-3", "loop": "2300", "segment": "HI", "must": "be-absent",
         "severity": "warning", "message": "no diagnosis"},
        {"code": "T-4", "loop": "2300", "segment": "PWK", "must": "be-present", "message": "proof"},
        {"code": "T-5", "loop": "2300", "segment": "CLM", "element": 1, "must": "be-at-most",
         "longest": 4, "message": "short ids"},
        {"code": "T-6", "loop": "2300", "segment": "CLM", "element": 5, "component": 1,
         "must": "be-one-of", "codes": ["12"], "message": "home only"},
        {"code": "T-7", "loop": "2000B", "segment": "SBR", "element": 9, "must": "be-absent",
         "kinds": ["837I"], "message": "no filing code"},
    ],
}  # fmt: skip


def test_a_payers_own_rules_are_asked_too() -> None:
    report = check_file(P, companion=load_companion(TWIN))
    told = {
        one.code: (one.snip, one.segment_id, one.element, one.severity) for one in report.findings
    }
    assert told == {
        "T-1": (7, "NM1", 9, "error"),
        "T-2": (7, "SBR", 3, "error"),
        "T-3": (7, "HI", 0, "warning"),
        "T-4": (7, "PWK", 0, "error"),
        "T-5": (7, "CLM", 1, "error"),
        "T-6": (7, "CLM", 5, "error"),
    }


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"must": "sing"}, "rules[0].must: it must be one of"),
        ({"pattern": "("}, "rules[0].pattern: it is not a regular expression"),
        ({"element": 0}, "rules[0].element: match needs one"),
        ({"loop": "house"}, "rules[0].loop: it is missing or malformed"),
        ({"colour": 1}, "rules[0].colour: there is no such field"),
        ({"severity": "bad"}, "rules[0].severity: it must be one of error, warning, info"),
        ({"kinds": ["997"]}, "rules[0].kinds: each must be one of"),
        ({"code": "T-2"}, "rules: T-2 occurs twice"),
        ({"must": "be-at-most"}, "rules[0].longest: it must be a number above 0"),
        ({"must": "be-one-of"}, "rules[0].codes: it must be a list of texts"),
    ],
)
def test_a_companion_rule_that_cannot_be_says_where(change: dict[str, object], error: str) -> None:
    rules = [{**TWIN["rules"][0], **change}, *TWIN["rules"][1:]]  # type: ignore[dict-item,list-item]
    with pytest.raises(CompanionInvalid) as refused:
        load_companion({"name": "x", "rules": rules})
    assert any(error in one for one in refused.value.errors)


def test_codes_are_asked_on_the_day() -> None:
    codes = load_codes(["set\tcode\tvalid_from\tvalid_to", "carc\t45\t1995-01-01\t2019-12-31"])
    assert codes.look("carc", "45", date(2019, 1, 1)) is Standing.VALID
    assert codes.look("carc", "45", date(2020, 1, 1)) is Standing.EXPIRED
    assert codes.look("carc", "46", date(2020, 1, 1)) is Standing.UNKNOWN
    assert codes.look("rarc", "N1", date(2020, 1, 1)) is Standing.NOT_LOADED
    assert shipped().look("place-of-service", "11", date(2020, 1, 1)) is Standing.VALID


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("carc,45", "line 2: it does not have four columns"),
        ("cards,45,,", "line 2: there is no code set of this name"),
        ("carc,,,", "line 2: the code is empty"),
        ("carc,45,2020-13-01,", "line 2: valid_from and valid_to are not dates in order"),
        ("carc,45,2020-01-02,2020-01-01", "line 2: valid_from and valid_to are not dates"),
    ],
)
def test_a_code_file_that_cannot_be_says_where(line: str, error: str) -> None:
    with pytest.raises(CodeFileInvalid, match=error):
        load_codes(["set,code,valid_from,valid_to", line])


def test_an_unknown_reason_warns_and_never_blocks_money() -> None:
    codes = load_codes(["set,code,valid_from,valid_to", "carc,1,,", "carc,197,,"])
    report = check_file(files.PAID, codes=codes)
    assert {(one.code, one.severity) for one in report.findings} == {
        ("adjustment-reason-code", "warning")
    }
    assert not report.blocks


def test_the_reference_page_is_what_the_code_says() -> None:
    assert (ROOT / "docs/reference/x12-findings.md").read_text(encoding="utf-8") == page()


# The guides' own examples; what is said of them is true, and nothing else is said.
EXAMPLES: dict[str, set[str]] = {
    "837p/home_infusion_therapy_pharmacy_adjudicat.x12": {"tax-id-form", "zip-nine-digits"},
    "837p/home_infusion_therapy_pharmacy_adjudicat_9.x12": {"tax-id-form", "zip-nine-digits"},
    "837p/out_of_network_repriced_claim.x12": {"npi-check-digit"},
    "837p/demo_drug_example10_1.x12": {"GS-label", "zip-nine-digits"},
    "837i/automobile_accident.x12": {"npi-check-digit", "zip-nine-digits"},
    "835/era_sample.x12": set(),
    "835/secondary_payment_with_higher_fee_schedu.x12": set(),
    "835/5010_835_example_3.x12": set(),
    "835/profee.x12": set(),
    "835/managed_care.x12": {"element-date", "segment-missing"},
    "270/270_realtime_single.x12": set(),
    "270/demo_single_line.x12": set(),
    "270/dependent_health_benefit_check.x12": set(),
    "271/271_example_3.x12": set(),
    "271/demo.x12": set(),
    "271/subscriber_health_benefit_check_error.x12": {"SE-number"},
    "276/info_receiver_request.x12": {"npi-check-digit"},
    "276/information_receiver_level_status.x12": {"npi-check-digit"},
    "276/claim_ncpdp_request.x12": {"npi-check-digit"},
    "276/claim_level_status_ncpdp.x12": {"npi-check-digit"},
    "277/info_receiver_response.x12": set(),
    "277/information_receiver_level_status.x12": set(),
    "277/claim_ncpdp_response.x12": set(),
    "277/claim_level_status_ncpdp.x12": set(),
    "999/834_ls_le_ls_5010_999.x12": {"GS-label"},
    "999/simple999.x12": {"GS-label"},
}


@pytest.mark.skipif(not (world.SAMPLES / "x12").is_dir(), reason="the samples are not here")
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_guide_example_has_no_false_finding(name: str) -> None:
    report = check_file((world.SAMPLES / "x12" / name).read_bytes())
    told = {one.code for one in report.findings if one.severity != "info"}
    assert told == EXAMPLES[name]


@given(world.batches)
@settings(max_examples=25, deadline=None)
def test_no_claim_that_our_writer_takes_has_a_false_error(batch: claim_837p.Batch) -> None:
    report = check_file(claim_837p.write(world.ENVELOPE, [batch]), today=date(2031, 1, 1))
    # Made-up lines may share a control number: the writer leaves those to who gives them.
    true = {"line-control-repeated"}
    assert [
        one for one in report.findings if one.severity == "error" and one.code not in true
    ] == []


@given(world.remittances())
@settings(max_examples=25, deadline=None)
def test_no_remittance_that_our_writer_takes_has_a_false_error(
    remittance: remittance_835.Remittance,
) -> None:
    report = check_file(remittance_835.write(world.ENVELOPE, [remittance]))
    assert [one for one in report.findings if one.severity == "error"] == []
