"""The three sums that an 835 must prove, in one place for files that come and files that go.

Line: SVC02 - CAS = SVC03. Claim: CLP03 - all CAS = CLP04. Transaction: BPR02 = CLP04 - PLB.
Tolerance is zero. AMT segments are information and never take part.
"""

from rcm_x12.findings import Finding, Severity
from rcm_x12.remittance_835.claims import Sums
from rcm_x12.remittance_835.values import ClaimPayment, Header, Remittance

REVERSAL = "22"


def balance(remittance: Remittance) -> list[Finding]:
    """What does not balance in values at hand; empty when all three levels do."""
    found: list[Finding] = []
    for claim in remittance.claims:
        found += claim_findings(claim, sums_of(claim))
    paid = sum(claim.paid_cents for claim in remittance.claims)
    adjusted = sum(one.amount_cents for one in remittance.provider_adjustments)
    return found + transaction_findings(remittance.header, paid, adjusted)


def sums_of(claim: ClaimPayment) -> Sums:
    """The sums of one claim."""
    cuts = [sum(each.amount_cents for each in line.adjustments) for line in claim.services]
    every = [*claim.adjustments, *(each for line in claim.services for each in line.adjustments)]
    return Sums(
        len(claim.services),
        sum(line.charge_cents for line in claim.services),
        sum(each.amount_cents for each in every),
        sum(each.amount_cents for each in every if each.group_code == "PR"),
        tuple(
            ordinal
            for ordinal, (line, cut) in enumerate(zip(claim.services, cuts, strict=True), 1)
            if line.charge_cents - cut != line.paid_cents
        ),
    )


def claim_findings(
    claim: ClaimPayment, sums: Sums, position: int = 0, set_position: int = 0
) -> list[Finding]:
    """Line and claim level. An error must keep the claim from being posted."""
    found: list[Finding] = []

    def say(code: str, message: str, segment_id: str, severity: Severity = "error") -> None:
        place = (segment_id, position, set_position, "2100")
        found.append(Finding(code, severity, message, *place, reference=claim.control_number))

    for ordinal in sums.lines:
        say("line-balance", f"line {ordinal}: SVC02 less its adjustments is not SVC03", "SVC")
    if claim.charge_cents - sums.adjusted != claim.paid_cents:
        say("claim-balance", "CLP03 less all adjustments is not CLP04", "CLP")
    if sums.count and claim.charge_cents != sums.charged:
        say("claim-lines", "CLP03 is not the sum of the lines' charges", "CLP", "warning")
    for name in sums.strangers:
        known = name if name.isalnum() and len(name) <= 3 else ""
        say("segment-unexpected", "the segment has no place in a claim", known, "warning")
    stated = claim.patient_responsibility_cents
    if stated is not None and stated != sums.patient and claim.status_code != REVERSAL:
        say("patient-share", "CLP05 is not the sum of group PR", "CLP", "warning")
    return found


def transaction_findings(
    header: Header, paid_cents: int, adjustment_cents: int, position: int = 0
) -> list[Finding]:
    """Transaction level: BPR02 against claims and provider adjustments."""
    found = []
    if header.payment_cents < 0:
        text = "BPR02 is negative; a shortfall belongs into PLB*FB"
        found.append(Finding("payment-sign", "error", text, "BPR", position, 2, "", 2))
    if header.payment_cents != paid_cents - adjustment_cents:
        text = "BPR02 is not the sum of CLP04 less the sum of PLB"
        found.append(Finding("payment-balance", "error", text, "BPR", position, 2, "", 2))
    return found
