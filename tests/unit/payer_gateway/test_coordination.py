"""The 837P to a second payer says what the first one decided, and its proofs hold to the cent."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest

from payer_gateway.clearinghouse.second_opinion import second_opinion
from payer_gateway.domain.checking import Desk, file_of
from payer_gateway.domain.matching import payers_asked, sent_to
from payer_gateway.domain.professional import professional_claim
from payer_gateway.domain.submission import Submission
from rcm.contracts.claims import ClaimReady
from rcm.contracts.values import ClaimLine, Coverage, Member, Persons, PriorDecision, PriorLine
from rcm.testing.claims import DAY, cas, persons
from rcm.testing.samples import build, sample
from rcm_x12 import claim_837p as x12
from rcm_x12.check import check_file
from rcm_x12.findings import Finding
from rcm_x12.remittance_835 import ClaimPayment

from .test_checking import AT, NUMBERS
from .test_submission import PARTNER

PRIMARY = Coverage(rank="primary", payer_id="P1", payer_name="First Health")
SECONDARY = Coverage(rank="secondary", payer_id="P2", payer_name="Second Health")
LINE_1 = PriorLine(
    line_number=1,
    procedure_code="99213",
    paid_cents=4_000,
    adjustments=cas(("CO", "45", 3_000), ("PR", "1", 2_000), ("PR", "3", 1_000)),
    patient_cents=3_000,
)
LINE_2 = PriorLine(
    line_number=2,
    procedure_code="36415",
    paid_cents=3_000,
    adjustments=cas(("CO", "45", 2_000)),
    patient_cents=0,
)
PRIOR = PriorDecision(
    rank="primary",
    payer_claim_number="ICN1",
    decided_on=DAY,
    paid_cents=7_000,
    lines=(LINE_1, LINE_2),
)
WHOLE = PriorDecision(
    rank="primary",
    payer_claim_number="ICN1",
    decided_on=DAY,
    paid_cents=7_000,
    adjustments=cas(("CO", "45", 5_000), ("PR", "1", 3_000)),
    patient_cents=3_000,
    remark_codes=("MA18",),
)
DECIDED_ON = "DTP*573*D8*20260302"
PEOPLE: Persons = persons("primary", "secondary")


def line(number: int, code: str, cents: int) -> ClaimLine:
    return build(
        ClaimLine,
        line_number=number,
        line_control_number=f"C0000001{number:02d}",
        procedure_code=code,
        charge_amount_cents=cents,
    )


def claim(*prior: PriorDecision, **changes: Any) -> x12.Claim:
    """Vector V3: 150.00 in two lines, on its way to the second payer."""
    given: dict[str, Any] = {
        "frequency_code": "1",
        "replaces": None,
        "charge_cents": 15_000,
        "coverage": SECONDARY,
        "other_coverages": (PRIMARY,),
        "prior_decisions": prior,
        "lines": (line(1, "99213", 10_000), line(2, "36415", 5_000)),
        "rendering_provider": None,
        "service_facility": None,
    }
    return professional_claim(sample(ClaimReady, **(given | changes)), PEOPLE)


def file(*prior: PriorDecision) -> bytes:
    found = claim(*prior)
    name = uuid4()
    written, refused = file_of(Desk(PARTNER, NUMBERS, AT, payers={name: "P2"}), {name: found})
    assert written is not None, refused
    return written.content


def errors(content: bytes) -> list[Finding]:
    return [
        each for each in check_file(content, today=AT.date()).findings if each.severity == "error"
    ]


def segments(content: bytes, *names: str) -> list[str]:
    found = content.decode("ascii").split("~")
    return [each for each in found if each.split("*")[0] in names]


def test_v3_by_line_the_decision_stands_in_2430() -> None:
    content = file(PRIOR)
    assert segments(content, "SBR") == ["SBR*S*18*******CI", "SBR*P*18*******CI"]
    assert segments(content, "AMT") == ["AMT*D*70", "AMT*EAF*30", "AMT*EAF*0"]
    assert segments(content, "SVD", "CAS") == [
        "SVD*P1*40*HC:99213**1", "CAS*CO*45*30", "CAS*PR*1*20**3*10",
        "SVD*P1*30*HC:36415**1", "CAS*CO*45*20",
    ]  # fmt: skip
    assert [each for each in segments(content, "DTP") if "*573*" in each] == [DECIDED_ON] * 2
    assert "REF*F8*ICN1" in segments(content, "REF")


def test_v3_by_claim_it_stands_in_2320() -> None:
    content = file(WHOLE)
    assert segments(content, "AMT") == ["AMT*D*70", "AMT*EAF*30"]
    assert segments(content, "CAS", "SVD") == ["CAS*CO*45*50", "CAS*PR*1*30"]
    assert segments(content, "MOA") == ["MOA***MA18"]
    assert [each for each in segments(content, "DTP") if "*573*" in each] == [DECIDED_ON]


@pytest.mark.parametrize("prior", [PRIOR, WHOLE], ids=["by line", "by claim"])
async def test_our_checker_and_pyx12_find_nothing(prior: PriorDecision) -> None:
    content = file(prior)
    assert errors(content) == []
    assert (await second_opinion(content)).is_clean


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("AMT*D*70", "AMT*D*70.01", {"cob-payer-balance"}),
        ("SVD*P1*40", "SVD*P1*39.99", {"cob-line-balance"}),
        ("CAS*CO*45*20", "CAS*CO*45*19", {"cob-payer-balance", "cob-line-balance"}),
        ("SVD*P1*30", "SVD*P9*30", {"cob-payer-unknown", "cob-payer-balance"}),
    ],
)
def test_a_cent_off_is_seen(old: str, new: str, codes: set[str]) -> None:
    """The control of the proofs: what claims-svc proves, the last look proves again."""
    spoilt = file(PRIOR).replace(old.encode() + b"*", new.encode() + b"*")
    spoilt = spoilt.replace(old.encode() + b"~", new.encode() + b"~")
    assert {each.code for each in errors(spoilt)} == codes


def test_what_cannot_be_proved_does_not_leave() -> None:
    name = uuid4()
    short = PRIOR.model_copy(update={"paid_cents": 6_999})
    desk = Desk(PARTNER, NUMBERS, AT, payers={name: "P2"})
    written, refused = file_of(desk, {name: claim(short)})
    assert written is None
    assert {each.code for each in refused[name].findings} == {"cob-payer-balance"}


def test_medicare_second_says_why() -> None:
    medicare = SECONDARY.model_copy(update={"filing_code": "MB", "insurance_type_code": "12"})
    assert claim(PRIOR, coverage=medicare).subscriber.insurance_type_code == "12"
    first = PRIMARY.model_copy(update={"insurance_type_code": "12"})
    people = Persons(patient=PEOPLE.patient, members=(Member(rank="primary", member_id="W1"),))
    event = sample(
        ClaimReady, coverage=first, other_coverages=(), frequency_code="1", replaces=None
    )
    assert professional_claim(event, people).subscriber.insurance_type_code == ""


def sent(*payer_ids: str) -> list[Submission]:
    """What left under one number, newest first."""
    return [build_submission(payer_id) for payer_id in payer_ids]


def build_submission(payer_id: str) -> Submission:
    fields: dict[str, Any] = dict.fromkeys(Submission.__dataclass_fields__)
    return Submission(**(fields | {"payer_id": payer_id, "submission_id": uuid4()}))


def answered(number: str, status: str) -> ClaimPayment:
    return ClaimPayment(control_number=number, status_code=status, charge_cents=1, paid_cents=1)


ONE = {"A": sent("P1")}
TWO = {"A": sent("P2", "P1")}


@pytest.mark.parametrize(
    ("claims", "known", "paying", "asked"),
    [
        pytest.param([("A", "1")], ONE, None, ["P1"], id="the only payer"),
        pytest.param([("A", "2")], ONE, None, None, id="by a later payer: who pays so?"),
        pytest.param([("A", "2")], ONE, [], [], id="passed on by the first one"),
        pytest.param([("A", "2")], ONE, ["P1"], ["P1"], id="it says second of itself"),
        pytest.param([("A", "1")], TWO, None, None, id="of two: who pays so?"),
        pytest.param([("A", "1")], TWO, ["P1"], ["P1"], id="of two: the first one, known to pay"),
        pytest.param([("A", "2")], TWO, [], ["P2"], id="of two: nobody known, the last one"),
        pytest.param([("X", "1")], ONE, None, None, id="a stranger"),
        pytest.param([("X", "1")], ONE, ["P1"], [], id="a stranger by a known company"),
    ],
)
def test_which_payers_an_835_may_be_of(
    claims: Sequence[tuple[str, str]],
    known: Mapping[str, Sequence[Submission]],
    paying: Sequence[str] | None,
    asked: list[str] | None,
) -> None:
    found = payers_asked([answered(*each) for each in claims], known, paying=paying)
    assert found == asked


def test_a_payers_answer_is_about_what_went_to_it() -> None:
    newest, older = TWO["A"]
    assert sent_to("P1", TWO["A"]) is older
    assert sent_to("P2", TWO["A"]) is newest
    assert sent_to("P9", TWO["A"]) is newest
