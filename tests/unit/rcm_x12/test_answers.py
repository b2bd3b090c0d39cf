"""From a checked file to its 999 and TA1: each fault's code, and what is never answered."""

from dataclasses import replace

import pytest
import x12_defects as files
import x12_world as world
from x12_defects import broken

from rcm_x12 import ack_999, claim_837p, ta1
from rcm_x12.ack_999 import Acknowledgment, Context, copier
from rcm_x12.check import check_file

TWO = claim_837p.write(world.ENVELOPE, [world.batch(), world.batch()])


def answer(content: bytes) -> Acknowledgment:
    report = check_file(content)
    (ack,) = ack_999.acknowledge(report, copier(content, report.findings))
    written = ack_999.write(world.ENVELOPE, [ack])
    assert check_file(written).findings == ()
    assert ack_999.read(written).contents == (ack,)
    return ack


def in_short(ack: Acknowledgment) -> list[tuple[str, ...]]:
    """(segment, loop, IK304) and (segment, loop, place, IK403) of the first set with errors."""
    errors = next((one.errors for one in ack.sets if one.errors), ())
    return [
        (each.segment_id, each.loop, each.code)
        if not each.elements
        else (each.segment_id, each.loop, f"{one.element}.{one.component}", one.code)
        for each in errors
        for one in (each.elements or (None,))  # type: ignore[list-item]
    ]


@pytest.mark.parametrize(
    ("change", "told", "codes"),
    [
        (("~REF*EI*123456789", ""), [("REF", "2010", "3")], ("I5",)),
        (("~HI*", "~XYZ*1~HI*"), [("XYZ", "2300", "1")], ("5",)),
        (("~HI*", "~CL1*1~HI*"), [("CL1", "2300", "I4")], ("I5",)),
        (("~HI*", "~CLP*1~HI*"), [("CLP", "2300", "6")], ("5",)),
        (("~HI*", "~REF*ZZ*1~HI*"), [("REF", "2300", "2")], ("I5",)),
        (("~PER*", "~PER*IC*A*TE*2175550100~PER*IC*B*TE*2175550100~PER*"), [("PER", "1000", "5")],
         ("I5",)),
        (("~NM1*40*", "~NM1*40*2*PAYER TWIN*****46*PAYERTWIN~NM1*40*"), [("NM1", "1000", "4")],
         ("I5",)),
        (("~BHT*0019*00*B0001*20260301*1230*CH", "~BHT*0019*00*B0001*20260301*1230"),
         [("BHT", "", "6.0", "I9")], ("I5",)),
        (("REF*6R*L-1", "REF**L-1"), [("REF", "2400", "2")], ("I5",)),
        (("SBR*P*", "SBR**"), [("SBR", "2000", "1.0", "1")], ("5",)),
        (("*46*PAYERTWIN~HL", "*46~HL"),
         [("NM1", "1000", "9.0", "I9"), ("NM1", "1000", "8.0", "2")], ("5", "I5")),
        (("*Y*A*Y*Y~", "*Y*A*Y*Y***********ZZ*1~"),
         [("CLM", "2300", "20.0", "7"), ("CLM", "2300", "21.0", "3")], ("5", "I5")),
        (("HC:36415*", "HC:36415::::::X*"), [("SV1", "2400", "1.8", "13")], ("5",)),
        (("N4*SPRINGFIELD*IL*627010001~REF", "N4*S*IL*627010001~REF"),
         [("N4", "2010", "1.0", "4")], ("5",)),
        (("NM1*IL*1*ROE*", f"NM1*IL*1*{'R' * 61}*"), [("NM1", "2010", "3.0", "5")], ("5",)),
        (("CLM*C0001*150*", "CLM*C0001*1X0*"), [("CLM", "2300", "2.0", "6")], ("5",)),
        (("11:B:1", "11:X:1"), [("CLM", "2300", "5.2", "7")], ("I5",)),
        (("BHT*0019*00*B0001*20260301", "BHT*0019*00*B0001*20261301"), [("BHT", "", "4.0", "8")],
         ("5",)),
        (("*20260301*1230*CH", "*20260301*2530*CH"), [("BHT", "", "5.0", "9")], ("5",)),
        (("*IL*627010001~DMG", "*IL*627010001***X~DMG"), [("N4", "2010", "6.0", "I10"),
         ("N4", "2010", "6.0", "2")], ("5", "I5")),
        (("*IL*627010001~DMG", "*IL*627010001*US***CA~DMG"), [("N4", "2010", "2.0", "10")], ("5",)),
        (("XX*1234567893", "XX*1234567894"), [("NM1", "2010", "9.0", "I12")], ("I5",)),
        (("11:B:1", "11:B:7"), [("REF", "2300", "I6")], ("I5",)),
        (("HL*2*1*22*0", "HL*2*1*22*1"), [("HL", "2000", "4.0", "I6")], ("I5",)),
    ],
)  # fmt: skip
def test_each_fault_has_its_code(
    change: tuple[str, str], told: list[tuple[str, ...]], codes: tuple[str, ...]
) -> None:
    ack = answer(broken(files.PROFESSIONAL, change))
    assert in_short(ack) == told
    assert (ack.code, ack.sets[0].code, ack.sets[0].error_codes) == ("R", "R", codes)


def test_a_situational_fault_names_its_trigger_and_the_claim() -> None:
    ack = answer(broken(files.PROFESSIONAL, ("11:B:1", "11:B:7")))
    (error,) = ack.sets[0].errors
    assert error.contexts == (
        Context("SITUATIONAL TRIGGER", "", "CLM", 19, "2300", 5, 3),
        Context("CLM01", "C0001"),
    )


def test_the_bad_value_goes_back_only_when_the_file_is_at_hand() -> None:
    content = broken(files.PROFESSIONAL, ("11:B:1", "11:X:1"))
    report = check_file(content)
    (without,) = ack_999.acknowledge(report)
    assert without.sets[0].errors[0].elements[0].bad_value == ""
    assert answer(content).sets[0].errors[0].elements[0].bad_value == "X"


def test_a_clean_group_is_accepted_and_a_stranger_reads_it() -> None:
    ack = answer(TWO)
    assert (ack.code, ack.included_count, ack.received_count, ack.accepted_count) == ("A", 2, 2, 2)
    assert world.pyx12_accepts(ack_999.write(world.ENVELOPE, [ack]))


def test_one_bad_set_of_two_is_a_partial_acceptance() -> None:
    ack = answer(broken(TWO, ("REF*EI*123456789", "REF*EI*12-3456789")))
    assert (ack.code, ack.accepted_count, [one.code for one in ack.sets]) == ("P", 1, ["R", "A"])


def test_warnings_alone_are_accepted_with_errors() -> None:
    ack = answer(broken(files.PROFESSIONAL, ("~HI*", "~REF*F8*ICN1~HI*")))
    assert (ack.code, ack.sets[0].code) == ("E", "E")


@pytest.mark.parametrize(
    "change", [("CLM*C0001*150*", "CLM*C0001*151*"), ("11:B:1", "11:B:1")], ids=["sum", "clean"]
)
def test_sums_are_no_matter_for_a_999(change: tuple[str, str]) -> None:
    assert answer(broken(files.PROFESSIONAL, change)).code == "A"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"~GE*2*1~", b"~GE*3*1~"), "5"),
        ((b"~GE*2*1~", b"~GE*2*9~"), "4"),
        ((b"~GE*2*1~", b"~"), "3"),
        ((b"~GS*HC*", b"~GS*HP*"), "1"),
    ],
)
def test_a_group_that_is_wrong_as_a_whole_is_rejected(
    change: tuple[bytes, bytes], code: str
) -> None:
    content = TWO.replace(*change)
    (ack,) = ack_999.acknowledge(check_file(content))
    assert (ack.code, ack.accepted_count, ack.error_codes) == ("R", 0, (code,))


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ((b"~SE*29*0001~", b"~SE*30*0001~"), ("4",)),
        ((b"~SE*29*0001~", b"~SE*29*0009~"), ("3",)),
        ((b"~SE*29*0001~", b"~"), ("2",)),
        ((b"~ST*837*0002*", b"~ST*837*0001*"), ("3", "23")),
        ((b"~ST*837*0001*005010X222A1", b"~ST*834*0001*005010X220A1"), ("1",)),
    ],
)
def test_a_set_that_is_wrong_as_a_whole_is_rejected_alone(
    change: tuple[bytes, bytes], codes: tuple[str, ...]
) -> None:
    (ack,) = ack_999.acknowledge(check_file(TWO.replace(*change)))
    (rejected,) = [one for one in ack.sets if not one.is_accepted]
    assert set(codes) <= set(rejected.error_codes) <= {*codes, "3"}
    assert ack.code == "P"


def test_a_remittance_is_acknowledged_without_st03() -> None:
    ack = answer(broken(files.PAID, ("CLP*A*1*150*", "CLP*A**150*")))
    (response,) = ack.sets
    assert (ack.functional_id, response.set_id, response.version) == ("HP", "835", "")
    assert response.errors[0].contexts == (Context("CLP01", "A"),)


def test_an_acknowledgment_is_never_acknowledged() -> None:
    for content in (files.ANSWERED, ta1.write(world.ENVELOPE, [OK])):
        report = check_file(content)
        assert ack_999.acknowledge(report) == ()
        assert ta1.acknowledge(report, always=True) == ()


OK = ta1.InterchangeAcknowledgment("000000009", world.MOMENT, "A")


@pytest.mark.parametrize(
    ("old", "new", "code", "note"),
    [
        (b"", b"", "A", "000"),
        (b"~IEA*1*000000001~", b"~IEA*1*000000002~", "R", "001"),
        (b"~IEA*1*000000001~", b"~IEA*1*000000001", "E", "004"),
        (b"~IEA*1*", b"~IEA*2*", "R", "021"),
        (b"~GE*2*1~IEA", b"~GE*2*1~REF*1~IEA", "R", "022"),
        (b"~IEA*1*000000001~", b"~", "R", "023"),
        (b"*00*          *00*", b"*99*          *00*", "R", "010"),
        (b"*ZZ*PAYERTWIN", b"*XX*PAYERTWIN", "R", "007"),
        (b"*00501*", b"*00401*", "R", "017"),
        (b"*0*T*:", b"*0*X*:", "R", "020"),
        (b"*0*T*:~", b"*0*T*A~", "R", "026"),
        (b"*0*T*:~", b"*0*T*>~", "E", "027"),
    ],
)
def test_an_interchange_has_its_note(old: bytes, new: bytes, code: str, note: str) -> None:
    report = check_file(TWO.replace(old, new, 1))
    (answered,) = ta1.acknowledge(report, always=True)
    assert (answered.code, answered.note_code) == (code, note)
    assert answered.control_number == "000000001"
    assert (ack_999.acknowledge(report) == ()) == (code == "R")
    assert ta1.read(ta1.write(world.ENVELOPE, [answered])) == (answered,)


def test_a_number_that_came_before_is_a_duplicate() -> None:
    (answered,) = ta1.acknowledge(check_file(TWO), duplicates={"000000001"})
    assert (answered.code, answered.note_code) == ("R", "025")
    twice = ta1.acknowledge(check_file(TWO + TWO), always=True)
    assert [one.note_code for one in twice] == ["000", "025"]


def test_an_empty_interchange_has_no_content() -> None:
    start, end = TWO.index(b"~GS*"), TWO.index(b"~IEA*")
    empty = TWO[:start] + TWO[end:].replace(b"IEA*1", b"IEA*0")
    assert [one.note_code for one in ta1.acknowledge(check_file(empty))] == ["024"]


def test_a_fine_interchange_is_answered_only_when_it_asks() -> None:
    asking = replace(world.ENVELOPE, acknowledgment_requested=True)
    assert ta1.acknowledge(check_file(TWO)) == ()
    asked = ta1.acknowledge(check_file(claim_837p.write(asking, [world.batch()])))
    assert [one.code for one in asked] == ["A"]


def other_separators(content: bytes, separators: bytes) -> bytes:
    """The same file with other separators for `*`, `:` and `~`."""
    return content.translate(bytes.maketrans(b"*:~", separators))


@pytest.mark.parametrize(
    ("number", "copied"),
    [(b"C0001", "C0001"), (b"C*0~1:2", ""), (b"c0001", "c0001"), (b"C" * 36, ""), (b"C\xc9", "")],
    ids=["plain", "our separators", "small letters", "too long", "accent"],
)
def test_a_999_repeats_what_was_sent_to_the_letter_or_not_at_all(
    number: bytes, copied: str
) -> None:
    content = broken(files.PROFESSIONAL, ("11:B:1", "11:X:1"))
    content = other_separators(content, b"|>!").replace(b"C0001", number)
    ack = answer(content)
    names = [one.value for error in ack.sets[0].errors for one in error.contexts]
    assert set(names) == ({copied} if copied else set())


@pytest.mark.parametrize(
    ("old", "new", "answered"),
    [
        (b"~hl*2", b"~hl*2", ("HC", "1", "005010X222A1")),
        (b"*1230*1*X*", b"*1230*\xc9x-1*X*", ("HC", "X1", "005010X222A1")),
        (b"*1230*1*X*", b"*1230**X*", ("HC", "0", "005010X222A1")),
        (b"GS*HC*", b"GS**", ("ZZ", "1", "005010X222A1")),
        (b"X*005010X222A1", b"X*005010x222a1", ("HC", "1", "005010X222A1")),
        (b"~ST*837*0001*", b"~ST*837**", ("HC", "1", "005010X222A1")),
    ],
    ids=["segment id", "group number", "no group number", "no code", "small letters", "no ST02"],
)
def test_a_broken_name_keeps_no_999_from_going_out(
    old: bytes, new: bytes, answered: tuple[str, ...]
) -> None:
    content = TWO.replace(b"~HL*2", b"~hl*2").replace(old, new)
    (ack,) = ack_999.acknowledge(check_file(content))
    assert (ack.functional_id, ack.group_control_number, ack.version) == answered
    written = ack_999.write(world.ENVELOPE, [ack])
    assert ack_999.read(written).contents == (ack,)
    assert not ack.is_accepted


def test_a_foreign_character_is_an_elements_fault_and_its_value_is_not_sent_back() -> None:
    ack = answer(broken(files.PROFESSIONAL, ("*ROE*ROBIN*", "*ROÉ*ROBÍN*")))
    (error,) = ack.sets[0].errors
    assert (error.segment_id, error.code) == ("NM1", "8")
    assert [(one.element, one.code, one.bad_value) for one in error.elements] == [
        (3, "6", ""),
        (4, "6", ""),
    ]


@pytest.mark.parametrize(
    ("day", "code", "note"),
    [(b"261301", "E", "014"), (b"20260301", "E", "022"), (b"26260301", "E", "022")],
    ids=["no date", "four digits of a year", "another century"],
)
def test_an_interchange_is_answered_with_a_date_that_can_be_written(
    day: bytes, code: str, note: str
) -> None:
    report = check_file(TWO.replace(b"*260301*1230*", b"*" + day + b"*1230*", 1))
    answers = ta1.acknowledge(report, always=True)
    assert [(one.code, one.note_code) for one in answers] == [(code, note)]
    assert ta1.read(ta1.write(world.ENVELOPE, answers)) == answers
