"""Decides claims: a claim and its scenario to a claim payment that balances to the cent."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from payer_twin.scenarios import Scenario
from rcm_x12.claim_837p import Claim, Line, Person, Provider
from rcm_x12.remittance_835 import ClaimPayment, Remark, ServicePayment
from rcm_x12.values import Adjustment, Amount, Name, OutpatientRemarks

REVERSAL: Final = "22"
_STATUS_BY_RANK: Final = {"P": "1", "S": "2", "T": "3"}
# CLP06 knows fewer codes than SBR09; commercial and Blue Cross claims come back as PPO.
_FILING: Final = {"CI": "12", "BL": "12"}
_FILING_CODES: Final = frozenset(
    [
        "12",
        "13",
        "14",
        "15",
        "16",
        "17",
        "AM",
        "CH",
        "DS",
        "HM",
        "LM",
        "MA",
        "MB",
        "MC",
        "OF",
        "TV",
        "VA",
        "WC",
        "ZZ",
    ]
)


def adjudicate(claim: Claim, scenario: Scenario, payer_claim_number: str) -> ClaimPayment:
    """The payment of one accepted claim."""
    services = tuple(_lines(claim, scenario))
    share = sum(
        each.amount_cents
        for service in services
        for each in service.adjustments
        if each.group_code == "PR"
    )
    filing = _FILING.get(claim.subscriber.filing_code, claim.subscriber.filing_code)
    remarks = scenario.denial.remark_codes if scenario.denial else ()
    whole = scenario.denial is not None and scenario.denied_lines == "all"
    days = [line.service_from for line in claim.lines]
    ends = [line.service_to or line.service_from for line in claim.lines]
    return ClaimPayment(
        control_number=claim.control_number,
        status_code=_STATUS_BY_RANK.get(claim.subscriber.rank, "1"),
        charge_cents=claim.charge_cents,
        paid_cents=sum(service.paid_cents for service in services),
        patient_responsibility_cents=share,
        filing_code=filing if filing in _FILING_CODES else "ZZ",
        payer_claim_number=payer_claim_number,
        facility_code=claim.place_of_service_code,
        frequency_code=claim.frequency_code,
        patient=_patient(claim),
        names=_names(claim),
        outpatient_remarks=OutpatientRemarks(remarks) if whole and remarks else None,
        service_from=min(days),
        service_to=max(ends),
        services=services,
        header_number="1",
    )


def reverse(paid: ClaimPayment) -> ClaimPayment:
    """CLP02 22: every amount negated, the groups as they were, CLP05 absent."""
    return replace(
        paid,
        status_code=REVERSAL,
        charge_cents=-paid.charge_cents,
        paid_cents=-paid.paid_cents,
        patient_responsibility_cents=None,
        adjustments=tuple(map(_negated, paid.adjustments)),
        amounts=(),
        services=tuple(
            replace(
                line,
                charge_cents=-line.charge_cents,
                paid_cents=-line.paid_cents,
                adjustments=tuple(map(_negated, line.adjustments)),
                amounts=(),
            )
            for line in paid.services
        ),
    )


def _negated(one: Adjustment) -> Adjustment:
    return replace(one, amount_cents=-one.amount_cents)


def _lines(claim: Claim, scenario: Scenario) -> Iterator[ServicePayment]:
    deductible, copay = scenario.deductible_cents, scenario.copay_cents
    for index, line in enumerate(claim.lines):
        if _is_denied(line, scenario, is_last=index == len(claim.lines) - 1):
            yield _denied(line, scenario)
            continue
        allowed = line.charge_cents - _percent(line.charge_cents, scenario.contractual_percent)
        to_deductible = min(deductible, allowed)
        coinsurance = _percent(allowed - to_deductible, scenario.coinsurance_percent)
        to_copay = min(copay, allowed - to_deductible - coinsurance)
        deductible, copay = deductible - to_deductible, copay - to_copay
        cuts = (
            ("CO", "45", line.charge_cents - allowed),
            ("PR", "1", to_deductible),
            ("PR", "2", coinsurance),
            ("PR", "3", to_copay),
        )
        adjustments = tuple(Adjustment(*cut) for cut in cuts if cut[2])
        paid = allowed - to_deductible - coinsurance - to_copay
        yield _service(line, paid, adjustments, amounts=(Amount("B6", allowed),))


def _percent(amount_cents: int, percent: int) -> int:
    """Rounded half up, in whole cents."""
    return (amount_cents * percent + 50) // 100


def _is_denied(line: Line, scenario: Scenario, *, is_last: bool) -> bool:
    if scenario.denial is None:
        return False
    match scenario.denied_lines:
        case "all":
            return True
        case "last":
            return is_last
        case "matched":
            return line.procedure.code in scenario.procedure_codes


def _denied(line: Line, scenario: Scenario) -> ServicePayment:
    denial = scenario.denial
    assert denial is not None  # noqa: S101 - only denied lines come here
    cut = Adjustment(denial.group_code, denial.reason_code, line.charge_cents)
    remarks = tuple(Remark("HE", code) for code in denial.remark_codes)
    return _service(line, 0, (cut,) if line.charge_cents else (), remarks=remarks)


def _service(
    line: Line,
    paid_cents: int,
    adjustments: tuple[Adjustment, ...],
    *,
    amounts: tuple[Amount, ...] = (),
    remarks: tuple[Remark, ...] = (),
) -> ServicePayment:
    return ServicePayment(
        procedure=replace(line.procedure, description=""),
        charge_cents=line.charge_cents,
        paid_cents=paid_cents,
        adjustments=adjustments,
        line_control_number=line.control_number,
        quantity=line.quantity,
        service_from=line.service_from,
        service_to=line.service_to,
        amounts=amounts,
        remarks=remarks,
    )


def _patient(claim: Claim) -> Name:
    person = claim.dependent.person if claim.dependent else claim.subscriber.person
    member_id = "" if claim.dependent else claim.subscriber.member_id
    return _name(person, member_id)


def _names(claim: Claim) -> tuple[tuple[str, Name], ...]:
    names = []
    if claim.dependent:
        names.append(("IL", _name(claim.subscriber.person, claim.subscriber.member_id)))
    if claim.rendering_provider is not None and claim.rendering_provider.npi:
        names.append(("82", _provider(claim.rendering_provider)))
    return tuple(names)


def _name(person: Person, member_id: str) -> Name:
    return Name(
        person.last_name,
        person.first_name,
        person.middle_name,
        person.suffix,
        person.is_person,
        "MI" if member_id else "",
        member_id,
    )


def _provider(provider: Provider) -> Name:
    return Name(
        provider.name,
        provider.first_name,
        provider.middle_name,
        provider.suffix,
        provider.is_person,
        "XX",
        provider.npi,
    )
