"""270, 271, 276 and 277: written, read back, and read by a stranger."""

from dataclasses import replace
from datetime import date
from types import ModuleType

import pytest
import x12_inquiries as one
import x12_world as world
from hypothesis import given, settings
from hypothesis import strategies as st

from rcm_x12 import eligibility_270, eligibility_271, status_276, status_277
from rcm_x12.check import check_file
from rcm_x12.eligibility_271 import Benefit, Rejection
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import guide
from rcm_x12.scalars import share_ppm, share_text

KINDS = {
    "270": (eligibility_270, one.ELIGIBILITY),
    "271": (eligibility_271, one.answer(*one.BENEFITS)),
    "276": (status_276, one.STATUS_INQUIRY),
    "277": (status_277, one.told(one.PENDING, one.PAID)),
}
STRATEGIES = {
    "270": (eligibility_270, one.inquiries_270),
    "271": (eligibility_271, one.responses_271),
    "276": (status_276, one.inquiries_276),
    "277": (status_277, one.responses_277),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_clean_and_a_stranger_reads_it(kind: str) -> None:
    package, value = KINDS[kind]
    content = package.write(world.ENVELOPE, [value, value])
    reading = package.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (value, value)
    report = check_file(content)
    assert (report.findings, {each.content.kind for each in report.sets}) == ((), {kind})
    assert one.x12sdk_reads(content) == 2


@pytest.mark.parametrize("kind", STRATEGIES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_reading_gives_back_what_was_written(kind: str, data: st.DataObject) -> None:
    package, strategy = STRATEGIES[kind]
    value = data.draw(strategy)
    reading = package.read(package.write(world.ENVELOPE, [value]))
    assert reading.contents == (value,)
    assert [finding.code for finding in reading.all_findings] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_person_is_not_in_a_repr(kind: str) -> None:
    _, value = KINDS[kind]
    for secret in ("ROBIN", "ROE", "M1234567", "1980"):
        assert secret not in repr(value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_takes_its_own_set_only(kind: str) -> None:
    content = KINDS[kind][0].write(world.ENVELOPE, [KINDS[kind][1]])
    others = [package for name, (package, _) in KINDS.items() if name != kind]
    assert [package.read(content).sets for package in others] == [(), (), ()]


def test_two_sets_of_one_guide_are_told_apart_by_their_id() -> None:
    assert guide("005010X279A1", "270").functional_id == "HS"
    assert guide("005010X279A1", "271").functional_id == "HB"
    assert guide("005010X222A1") == guide("005010X222A1", "837")
    for version, set_id in (
        ("005010X279A1", ""),
        ("005010X279A1", "276"),
        ("005010X222A1", "270"),
        ("005010X279A1", "../"),
    ):
        with pytest.raises(KeyError):
            guide(version, set_id)


@pytest.mark.parametrize(
    ("text", "ppm", "written"),
    [
        (".2", 200_000, ".2"),
        ("0.20", 200_000, ".2"),
        ("0", 0, "0"),
        ("1", 1_000_000, "1"),
        (".333333", 333_333, ".333333"),
        ("-.5", -500_000, "-.5"),
        ("20", 20_000_000, "20"),
    ],
)
def test_a_share_is_exact_in_millionths(text: str, ppm: int, written: str) -> None:
    assert share_ppm(text) == ppm
    assert share_text(ppm) == written


@pytest.mark.parametrize("text", ["", ".", "1e3", ".1234567", "20%", "nan"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        share_ppm(text)


def test_a_share_that_cannot_be_read_is_a_finding_and_absent() -> None:
    content = eligibility_271.write(world.ENVELOPE, [one.answer(one.BENEFITS[3])])
    reading = eligibility_271.read(content.replace(b"*.2*", b"*.2000001*"))
    (benefit,) = next(reading.contents[0].patients).patient.benefits
    assert benefit.share_ppm is None
    assert [finding.code for finding in reading.all_findings] == ["share"]


def test_service_types_repeat_by_the_separator_of_the_file() -> None:
    content = eligibility_271.write(world.ENVELOPE, [one.answer(*one.BENEFITS)])
    assert b"*98^UC*" in content
    other = eligibility_271.read(content.replace(b"^", b"}"))
    assert other.contents == (one.answer(*one.BENEFITS),)


def test_entities_stand_between_ls_and_le() -> None:
    content = eligibility_271.write(world.ENVELOPE, [one.answer(one.BENEFITS[-1])])
    assert b"~LS*2120~NM1*P3*" in content
    assert b"~LE*2120~" in content


def test_a_rejection_is_told_with_its_level() -> None:
    refused = one.answer(rejections=(Rejection("72", "C"),))
    benefit = Benefit("V", rejections=(Rejection("52", "N"),))
    for response, expected in (
        (refused, [("2100C", "72", "C")]),
        (one.answer(benefit), [("2110C", "52", "N")]),
    ):
        reading = eligibility_271.read(eligibility_271.write(world.ENVELOPE, [response]))
        assert reading.all_findings == ()
        told = reading.contents[0].rejections
        assert [(loop, aaa.reason_code, aaa.follow_up_code) for loop, aaa in told] == expected


def test_an_answer_is_found_by_its_trace_at_either_level() -> None:
    subscriber = next(one.answer(*one.BENEFITS).patients).subscriber
    dependent = eligibility_271.Dependent(
        eligibility_271.Member(one.CHILD), one.BENEFITS, (one.ANSWERED,)
    )
    above = replace(subscriber, benefits=(), traces=(), dependents=(dependent,))
    receiver = eligibility_271.ResponseReceiver(
        eligibility_271.Receiver(one.CLINIC), (subscriber, above)
    )
    source = eligibility_271.ResponseSource(eligibility_271.Source(one.PAYER), (receiver,))
    response = eligibility_271.Response("E0001", world.MOMENT, (source,))
    assert [(each.dependent, each.trace_numbers) for each in response.patients] == [
        (None, ("T0001",)),
        (dependent, ("T0001",)),
    ]


@pytest.mark.parametrize(
    ("days", "current"),
    [
        ([(1, "P1"), (2, "F1")], "F1"),
        ([(2, "F1"), (1, "P1")], "F1"),
        ([(1, "P1"), (1, "F2")], "F2"),
    ],
    ids=["in order", "newest first", "one day: the last"],
)
def test_of_several_statuses_the_newest_counts(days: list[tuple[int, str]], current: str) -> None:
    statuses = [
        status_277.Status((status_277.StatusCode(code, "20"),), date(2026, 2, day))
        for day, code in days
    ]
    (claim,) = one.told(*statuses).claims
    assert claim.current is not None
    assert claim.current.codes[0].category_code == current
    assert claim.current.is_final == current.startswith("F")


def test_a_277ca_is_no_277() -> None:
    content = status_277.write(world.ENVELOPE, [one.told(one.PAID)])
    assert status_277.read(content.replace(b"005010X212", b"005010X214")).sets == ()


@pytest.mark.parametrize(
    ("package", "value", "place"),
    [
        (
            eligibility_270,
            replace(one.ELIGIBILITY, reference="A~B"),
            "BHT03",
        ),
        (status_276, replace(one.STATUS_INQUIRY, reference=""), "BHT03"),
        (status_277, one.told(), "2200D STC"),
    ],
    ids=["separator", "no reference", "no status"],
)
def test_what_would_break_the_guide_is_refused(
    package: ModuleType, value: object, place: str
) -> None:
    with pytest.raises(WriteRefused) as refused:
        package.write(world.ENVELOPE, [value])
    assert refused.value.place == place


SAMPLES = [
    *(("270", name) for name in ("270_realtime_single", "demo_single_line")),
    ("270", "dependent_health_benefit_check"),
    *(("271", name) for name in ("271_example_3", "demo")),
    *(("276", name) for name in ("claim_level_status_ncpdp", "claim_ncpdp_request")),
    *(("276", name) for name in ("info_receiver_request", "information_receiver_level_status")),
    *(("277", name) for name in ("claim_level_status_ncpdp", "claim_ncpdp_response")),
    *(("277", name) for name in ("info_receiver_response", "information_receiver_level_status")),
]


@pytest.mark.skipif(not world.SAMPLES.is_dir(), reason="the samples are not here")
@pytest.mark.parametrize(("kind", "name"), SAMPLES, ids=[f"{k}-{n}" for k, n in SAMPLES])
def test_samples_are_read_without_findings_and_survive_writing(kind: str, name: str) -> None:
    package = KINDS[kind][0]
    reading = package.read((world.SAMPLES / "x12" / kind / f"{name}.x12").read_bytes())
    assert reading.all_findings == ()
    once = package.write(reading.sets[0].envelope, reading.contents)
    again = package.read(once)
    assert again.all_findings == ()
    assert package.write(again.sets[0].envelope, again.contents) == once
