"""What partners and payers answer, written with the codec's own writers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from rcm_x12 import ack_999, claim_837p, remittance_835, status_277ca, ta1
from rcm_x12.envelope import Envelope
from rcm_x12.values import Address, Adjustment, Contact, Name, Procedure

MOMENT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 4)
ENVELOPE = Envelope("RCV001", "SUB001", "000000077", "77", MOMENT)

ADDRESS = Address("1 PLAN WAY", "SPRINGFIELD", "IL", "627010001")


def ta1_for(content: bytes, *, code: str, note: str) -> bytes:
    number = claim_837p.read(content).sets[0].envelope.interchange_control_number
    answer = ta1.InterchangeAcknowledgment(number, MOMENT, code, note)
    return ta1.write(ENVELOPE, [answer])


def ack_for(content: bytes, *, rejected: Sequence[str] = (), code: str | None = None) -> bytes:
    """A 999: these sets rejected with an element error, the others accepted."""
    sets = claim_837p.read(content).sets
    error = ack_999.SegmentError(
        "NM1", 8, "8", loop="2010", elements=(ack_999.ElementError(9, "7", bad_value="SECRETID"),)
    )
    responses = tuple(
        ack_999.SetResponse("837", each.control_number, "R", each.version, (error,), ("5",))
        if each.control_number in rejected
        else ack_999.SetResponse("837", each.control_number, "A", each.version)
        for each in sets
    )
    accepted = len(sets) - len(rejected)
    verdict = code or ("A" if not rejected else "P" if accepted else "R")
    answer = ack_999.Acknowledgment(
        "HC",
        sets[0].envelope.group_control_number,
        sets[0].version,
        verdict,
        len(sets),
        len(sets),
        accepted,
        responses,
    )
    return ack_999.write(ENVELOPE, [answer])


def status_for(
    batch: claim_837p.Batch,
    verdicts: dict[str, str],
    *,
    source: str = "AY",
    batch_category: str = "A1",
    provider_category: str = "A1",
    named: bool = True,
) -> bytes:
    """A 277CA for one batch: a category per claim; a rejection above covers what is below."""
    claims = tuple(
        status_277ca.ClaimStatus(
            Name("DOE", "JANE", id_qualifier="MI", id="X1"),
            number,
            (_status(category),),
            payer_claim_number=f"P{number}" if category == "A2" else "",
            service_from=DAY,
        )
        for number, category in verdicts.items()
    )
    npi = batch.claims[0].billing_provider.npi
    provider = status_277ca.ProviderStatus(
        Name("NORTHSIDE CLINIC", is_person=False, id_qualifier="XX", id=npi),
        claims if named else (),
        trace_number="0",
        statuses=(_status(provider_category),),
    )
    receiver = Name("NORTHSIDE CLINIC", is_person=False, id_qualifier="46", id="SUB001")
    origin = Name("CLEARING HOUSE", is_person=False, id_qualifier="46", id="RCV001")
    answer = status_277ca.ClaimAcknowledgment(
        "CA1",
        MOMENT,
        origin,
        source,
        "T1",
        DAY,
        DAY,
        receiver,
        batch.reference,
        (_status(batch_category),),
        providers=(provider,) if batch_category[1] in "0125" else (),
    )
    return status_277ca.write(ENVELOPE, [answer])


def _status(category: str) -> status_277ca.Status:
    accepted = category in status_277ca.values.ACCEPTED
    return status_277ca.Status(
        (status_277ca.StatusCode(category, "20" if accepted else "33"),),
        DAY,
        "WQ" if accepted else "U",
        12_500,
    )


def service(
    code: str, charge: int, paid: int, adjustments: Sequence[tuple[str, str, int]], number: str = ""
) -> remittance_835.ServicePayment:
    return remittance_835.ServicePayment(
        Procedure(code),
        charge,
        paid,
        tuple(Adjustment(*each) for each in adjustments),
        line_control_number=number,
        service_from=date(2026, 3, 2),
    )


def payment(
    number: str, services: Sequence[remittance_835.ServicePayment], *, status: str = "1"
) -> remittance_835.ClaimPayment:
    share = sum(
        each.amount_cents
        for line in services
        for each in line.adjustments
        if each.group_code == "PR"
    )
    return remittance_835.ClaimPayment(
        number,
        status,
        sum(line.charge_cents for line in services),
        sum(line.paid_cents for line in services),
        patient_responsibility_cents=None if status == "22" else share,
        filing_code="12",
        payer_claim_number=f"ICN{number}",
        patient=Name("DOE", "JANE", id_qualifier="MI", id="X1"),
        services=tuple(services),
        service_from=date(2026, 3, 2),
    )


def remittance(
    claims: Sequence[remittance_835.ClaimPayment],
    *adjustments: tuple[str, str, int],
    trace: str = "TRACE1",
) -> remittance_835.Remittance:
    """A balanced remittance; `adjustments` are PLB pairs: code, reference, cents."""
    pairs = tuple(
        remittance_835.ProviderAdjustment("1234567893", date(2026, 12, 31), code, cents, reference)
        for code, reference, cents in adjustments
    )
    total = sum(claim.paid_cents for claim in claims) - sum(pair.amount_cents for pair in pairs)
    header = remittance_835.Header(
        total,
        "ACH" if total else "NON",
        DAY,
        trace,
        "1999999999",
        remittance_835.Payer(
            "DEMO PAYER", address=ADDRESS, technical_contact=Contact("HELP", "8005550100")
        ),
        remittance_835.Payee("NORTHSIDE CLINIC", "1234567893"),
        payment_format="CCP" if total else "",
    )
    return remittance_835.Remittance(header, tuple(claims), pairs)


def file_of(*remittances: remittance_835.Remittance, number: str = "000000088") -> bytes:
    envelope = replace(ENVELOPE, interchange_control_number=number, group_control_number="88")
    return remittance_835.write(envelope, list(remittances))


V1 = remittance(
    [
        payment(
            "C0000001",
            [
                service(
                    "99213",
                    10_000,
                    4_000,
                    [("CO", "45", 3_000), ("PR", "1", 2_000), ("PR", "3", 1_000)],
                ),
                service("85025", 5_000, 3_000, [("CO", "45", 2_000)]),
            ],
        ),
        payment("C0000002", [service("99214", 8_000, 0, [("CO", "197", 8_000)])]),
    ],
    ("WO", "TAKEBACK1", 2_500),
    ("L6", "", -125),
)
V2 = remittance(
    [
        payment(
            "C0000001",
            [service("99213", -20_000, -9_600, [("CO", "45", -8_000), ("PR", "2", -2_400)])],
            status="22",
        ),
        payment(
            "C0000001",
            [service("99213", 20_000, 7_000, [("CO", "45", 8_000), ("PR", "1", 5_000)])],
        ),
    ],
    ("FB", "FORWARD1", -2_600),
    trace="TRACE2",
)
