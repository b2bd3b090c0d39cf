"""The last look before a file may leave: who is turned away, why, and that the others go."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from payer_gateway.clearinghouse import PartnerUnavailable
from payer_gateway.clearinghouse.second_opinion import owners_of, second_opinion
from payer_gateway.domain.checking import Companions, Desk, file_of, file_without
from payer_gateway.domain.partner import Numbers
from payer_gateway.domain.professional import professional_claim
from rcm.contracts.claims import ClaimReady
from rcm.contracts.values import ClaimLine, Coverage
from rcm.testing.samples import build, sample
from rcm_x12 import claim_837p as x12
from rcm_x12.check import check_file, load_companion

from .test_submission import PARTNER

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
NUMBERS = Numbers(interchange=42, group=7)
NEEDS_PRIOR = {
    "code": "P-01",
    "loop": "2300",
    "segment": "REF",
    "qualifier": "G1",
    "must": "be-present",
    "message": "this payer wants a prior authorization",
}


def claim(number: int, **changes: Any) -> x12.Claim:
    pcn = f"C{number:07d}"
    event = sample(
        ClaimReady,
        patient_control_number=pcn,
        frequency_code="1",
        replaces=None,
        coverage=build(Coverage, payer_id="DEMO1", relationship="self"),
        other_coverages=(),
        rendering_provider=None,
        service_facility=None,
        prior_authorization_number=None,
        lines=(build(ClaimLine, line_number=1, line_control_number=f"{pcn}-1"),),
    )
    return replace(professional_claim(event, event.person.value), **changes)


def desk(claims: Mapping[UUID, x12.Claim], companions: Companions | None = None) -> Desk:
    payers = {each: claim.payer.id for each, claim in claims.items()}
    return Desk(PARTNER, NUMBERS, AT, companions or Companions(), payers)


def numbers_in(content: bytes) -> list[str]:
    return sorted(
        claim.control_number for batch in x12.read(content).contents for claim in batch.claims
    )


def test_clean_claims_leave_in_one_clean_file() -> None:
    claims = {uuid4(): claim(number) for number in range(5)}
    written, refused = file_of(desk(claims), claims)
    assert refused == {}
    assert written is not None
    assert not check_file(written.content).blocks
    assert b"ISA*" in written.content[:4]
    assert NUMBERS.interchange_control_number.encode() in written.content


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"control_number": "C*9"}, "unsendable"),
        ({"charge_cents": 12_600}, None),
        ({"billing_provider": replace(claim(2).billing_provider, npi="1234567890")}, None),
    ],
    ids=["unwritable", "unbalanced", "check-digit"],
)
def test_a_claim_that_breaks_the_guide_stays_by_itself(
    changes: dict[str, Any], code: str | None
) -> None:
    bad = uuid4()
    claims = {uuid4(): claim(1), bad: claim(2, **changes), uuid4(): claim(3)}
    written, refused = file_of(desk(claims), claims)
    assert set(refused) == {bad}
    assert written is not None
    assert numbers_in(written.content) == ["C0000001", "C0000003"]
    findings = refused[bad].findings
    assert findings
    assert code is None or findings[0].code == code
    assert "C0000002" not in str(findings)


def test_a_payers_rule_holds_for_its_claims_only() -> None:
    theirs, others = uuid4(), uuid4()
    stranger = claim(2, payer=x12.Payer("Other", "OTHER"))
    claims = {theirs: claim(1), others: stranger}
    rules = load_companion({"name": "Payer", "rules": [NEEDS_PRIOR]})
    written, refused = file_of(desk(claims, Companions(of_payers={"DEMO1": [rules]})), claims)
    assert {each: why.findings[0].code for each, why in refused.items()} == {theirs: "P-01"}
    assert written is not None
    assert numbers_in(written.content) == ["C0000002"]


def test_a_partners_rule_holds_for_every_claim() -> None:
    claims = {
        uuid4(): claim(1),
        uuid4(): claim(2, prior_authorization_number="AUTH1"),
        uuid4(): claim(3),
    }
    rules = load_companion({"name": "Partner", "rules": [NEEDS_PRIOR]})
    written, refused = file_of(desk(claims, Companions(of_partner=[rules])), claims)
    assert len(refused) == 2
    assert written is not None
    assert numbers_in(written.content) == ["C0000002"]


def test_nothing_leaves_when_nothing_may() -> None:
    claims = {uuid4(): claim(1, control_number="C*1")}
    written, refused = file_of(desk(claims), claims)
    assert written is None
    assert set(refused) == set(claims)


def test_more_than_a_hundred_claims_of_one_patient_leave() -> None:
    claims = {uuid4(): claim(number) for number in range(250)}
    written, refused = file_of(desk(claims), claims)
    assert refused == {}
    assert written is not None
    assert len(numbers_in(written.content)) == 250
    assert written.content.count(b"NM1*IL*") == 3


async def test_a_second_opinion_finds_the_claim_that_it_doubts() -> None:
    """pyx12 is content with our file; with one procedure qualifier spoilt it names that claim, and
    no word of it quotes a value."""
    claims = {uuid4(): claim(1), uuid4(): claim(2)}
    written, _ = file_of(desk(claims), claims)
    assert written is not None
    assert (await second_opinion(written.content)).is_clean
    first, found, rest = written.content.rpartition(b"SV1*HC:")
    verdict = await second_opinion(first + found.replace(b"HC", b"ZZ") + rest)
    assert list(verdict.blocking) == ["C0000002"]
    assert "99213" not in str(verdict)
    left, refused = file_without(desk(claims), claims, verdict)
    assert left is not None
    assert numbers_in(left.content) == ["C0000001"]
    assert len(refused) == 1


async def test_no_second_opinion_lets_nothing_leave_unseen() -> None:
    with pytest.raises(PartnerUnavailable, match="second opinion"):
        await second_opinion(b"no X12 at all")


def test_segments_before_a_claim_are_about_that_claim() -> None:
    content = b"ISA*~ST*~HL*1~NM1*85~HL*2~NM1*IL~CLM*A*1~LX*1~CLM*B*1~LX*1~SE*~"
    assert owners_of(content)[3:11] == ["", "A", "A", "A", "A", "B", "B", ""]
