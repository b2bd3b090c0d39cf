"""Decides claims: a claim and its "pay" step to a claim payment that balances to the cent."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from payer_twin import billed
from payer_twin.billed import Claim, Line
from payer_twin.coordination import left_over
from payer_twin.plan import Cut, LineMoney, Pay, Rules
from rcm_x12.claim.parties import Payer, Person, Provider
from rcm_x12.remittance_835 import ClaimPayment, Remark, ServicePayment
from rcm_x12.values import Adjustment, Amount, InpatientRemarks, Name, OutpatientRemarks

REVERSAL: Final = "22"
NEXT_PAYER: Final = Payer("SUPPLEMENT PLAN", "XOVER1")
"""Where a claim is passed on to when it names no other coverage."""
_STATUS_BY_RANK: Final = {"P": "1", "S": "2", "T": "3"}
# CLP06 knows fewer codes than SBR09; commercial and Blue Cross claims come back as PPO.
_FILING: Final = {"CI": "12", "BL": "12"}
_FILING_CODES: Final = frozenset(
    {
        "12", "13", "14", "15", "16", "17", "AM", "CH", "DS", "HM", "LM", "MA", "MB", "MC", "OF",
        "TV", "VA", "WC", "ZZ",
    }
)  # fmt: skip


class ScriptDoesNotFit(ValueError):  # noqa: N818 - it says what happened
    """A script has money for other lines than the claim has."""


def adjudicate(
    claim: Claim, pay: Pay, payer_claim_number: str, procedure_codes: tuple[str, ...] = ()
) -> ClaimPayment:
    """The payment of one accepted claim. `procedure_codes` are those that the table's row names."""
    rules = pay.rules
    scripted = pay.lines
    if scripted is None:
        services = tuple(_lines(claim, rules, procedure_codes))
        above = _claim_level(claim, rules)
    else:
        services = _scripted(claim, scripted)
        above = tuple(map(_adjustment, pay.claim_cuts))
    whole = rules.denial is not None and rules.denied_lines == "all" and scripted is None
    remarks = rules.denial.remark_codes if whole and rules.denial else ()
    first, last = billed.days(claim) or (None, None)
    filing = _FILING.get(claim.subscriber.filing_code, claim.subscriber.filing_code)
    interest = rules.interest_cents if scripted is None else 0
    return ClaimPayment(
        control_number=claim.control_number,
        status_code=pay.status_code or _status(claim),
        charge_cents=sum(service.charge_cents for service in services),
        paid_cents=sum(s.paid_cents for s in services) - sum(a.amount_cents for a in above),
        patient_responsibility_cents=_share(above, services),
        filing_code=filing if filing in _FILING_CODES else "ZZ",
        payer_claim_number=payer_claim_number,
        facility_code=billed.facility_code(claim),
        frequency_code=claim.frequency_code,
        adjustments=above,
        patient=_patient(claim),
        names=(*_names(claim), *(_next_payer(claim) if pay.crossover else ())),
        **_remarks(claim, remarks),
        service_from=first,
        service_to=last,
        amounts=(Amount("I", interest),) if interest else (),
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


def split(paid: ClaimPayment) -> tuple[ClaimPayment, ...]:
    """The first line by itself and all others; a claim of one line stays whole. What stands under
    the claim stays with the first part."""
    if len(paid.services) < 2:
        return (paid,)
    return (
        _part(replace(paid, services=paid.services[:1])),
        _part(replace(paid, services=paid.services[1:], adjustments=(), amounts=())),
    )


def _part(paid: ClaimPayment) -> ClaimPayment:
    above = sum(each.amount_cents for each in paid.adjustments)
    return replace(
        paid,
        charge_cents=sum(line.charge_cents for line in paid.services),
        paid_cents=sum(line.paid_cents for line in paid.services) - above,
        patient_responsibility_cents=_share(paid.adjustments, paid.services),
    )


def _status(claim: Claim) -> str:
    return _STATUS_BY_RANK.get(claim.subscriber.rank, "1")


def _share(above: tuple[Adjustment, ...], services: tuple[ServicePayment, ...]) -> int:
    levels = (above, *(service.adjustments for service in services))
    return sum(a.amount_cents for level in levels for a in level if a.group_code == "PR")


def _negated(one: Adjustment) -> Adjustment:
    return replace(one, amount_cents=-one.amount_cents)


def _claim_level(claim: Claim, rules: Rules) -> tuple[Adjustment, ...]:
    if not rules.at_claim_level:
        return ()
    cents = sum(_percent(line.charge_cents, rules.contractual_percent) for line in claim.lines)
    return (Adjustment(rules.contractual_group, "45", cents),) if cents else ()


def _lines(
    claim: Claim, rules: Rules, procedure_codes: tuple[str, ...]
) -> Iterator[ServicePayment]:
    deductible, copay, incentive = rules.deductible_cents, rules.copay_cents, rules.incentive_cents
    left = left_over(claim)
    denied = _denied_lines(claim, rules, procedure_codes)
    for index, line in enumerate(billed.lines(claim)):
        if index in denied:
            yield _denied(line, rules)
            continue
        before = _before(line, rules, None if left is None else left[index])
        allowed = line.charge_cents - before.amount_cents
        to_deductible = min(deductible, allowed)
        coinsurance = _percent(allowed - to_deductible, rules.coinsurance_percent)
        to_copay = min(copay, allowed - to_deductible - coinsurance)
        deductible, copay = deductible - to_deductible, copay - to_copay
        owed = allowed - to_deductible - coinsurance - to_copay
        withheld = _percent(owed, rules.sequestration_percent)
        cuts = (
            before,
            Adjustment("CO", "253", withheld),
            Adjustment("CO", "144", -incentive),
            Adjustment("PR", "1", to_deductible),
            Adjustment("PR", "2", coinsurance),
            Adjustment("PR", "3", to_copay),
        )
        kept = tuple(cut for cut in cuts if cut.amount_cents)
        paid = owed - withheld + incentive
        incentive = 0
        yield _service(line, paid, kept, amounts=(Amount("B6", allowed),))


def _before(line: Line, rules: Rules, left_cents: int | None) -> Adjustment:
    """What comes off a charge before the patient's share: the contract, or earlier payers."""
    if left_cents is not None:
        return Adjustment("OA", "23", line.charge_cents - left_cents)
    percent = 0 if rules.at_claim_level else rules.contractual_percent
    return Adjustment(rules.contractual_group, "45", _percent(line.charge_cents, percent))


def _percent(amount_cents: int, percent: int) -> int:
    """Rounded half up, in whole cents."""
    return (amount_cents * percent + 50) // 100


def _denied_lines(claim: Claim, rules: Rules, procedure_codes: tuple[str, ...]) -> frozenset[int]:
    every = range(len(claim.lines))
    if rules.denial is None:
        return frozenset()
    match rules.denied_lines:
        case "all":
            return frozenset(every)
        case "last":
            return frozenset(every[-1:])
        case "matched":
            named = [at for at in every if billed.code(claim.lines[at]) in procedure_codes]
            # Asked for by a number, with none of its codes on the claim: the last of several.
            return frozenset(named or every[1:][-1:])


def _denied(line: Line, rules: Rules) -> ServicePayment:
    denial = rules.denial
    assert denial is not None  # noqa: S101 - only denied lines come here
    cut = Adjustment(denial.group_code, denial.reason_code, line.charge_cents)
    remarks = tuple(Remark("HE", code) for code in denial.remark_codes)
    return _service(line, 0, (cut,) if line.charge_cents else (), remarks=remarks)


def _scripted(claim: Claim, lines: tuple[LineMoney, ...]) -> tuple[ServicePayment, ...]:
    if len(lines) != len(claim.lines):
        raise ScriptDoesNotFit
    return tuple(
        _service(
            line,
            line.charge_cents - sum(cut.cents for cut in money.cuts),
            tuple(map(_adjustment, money.cuts)),
            remarks=tuple(Remark("HE", code) for code in money.remark_codes),
        )
        for line, money in zip(billed.lines(claim), lines, strict=True)
    )


def _adjustment(cut: Cut) -> Adjustment:
    return Adjustment(cut.group_code, cut.reason_code, cut.cents)


def _service(
    line: Line,
    paid_cents: int,
    adjustments: tuple[Adjustment, ...],
    *,
    amounts: tuple[Amount, ...] = (),
    remarks: tuple[Remark, ...] = (),
) -> ServicePayment:
    return ServicePayment(
        procedure=billed.service(line),
        charge_cents=line.charge_cents,
        paid_cents=paid_cents,
        adjustments=adjustments,
        line_control_number=line.control_number,
        revenue_code=billed.revenue_beside(line),
        quantity=line.quantity,
        service_from=line.service_from,
        service_to=line.service_to,
        amounts=amounts,
        remarks=remarks,
    )


def _remarks(claim: Claim, codes: tuple[str, ...]) -> dict[str, Any]:
    """MOA, or MIA of a stay: its first element counts the covered days, and its remark codes are
    MIA05 and, after fourteen others, MIA20 to MIA23."""
    if not codes:
        return {}
    if billed.is_stay(claim):
        rest = ("",) * 14 + codes[1:5] if codes[1:] else ()
        elements = ("0", "", "", "", codes[0], *rest)
        return {"inpatient_remarks": InpatientRemarks(elements)}
    return {"outpatient_remarks": OutpatientRemarks(codes)}


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


def _next_payer(claim: Claim) -> tuple[tuple[str, Name], ...]:
    after = [one.payer for one in claim.other_coverages if one.rank > claim.subscriber.rank]
    payer = (after or [one.payer for one in claim.other_coverages] or [NEXT_PAYER])[0]
    return (("TT", Name(payer.name, is_person=False, id_qualifier="PI", id=payer.id)),)


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
