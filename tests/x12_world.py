"""Claims and remittances to change one thing in, and Hypothesis strategies for whole files."""

import io
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import oxedi
import pyx12.map_if
import pyx12.params
import pyx12.x12n_document
from hypothesis import strategies as st

from rcm_x12.claim_837p import (
    Batch,
    Claim,
    Dependent,
    Diagnosis,
    Drug,
    Line,
    Organization,
    Payer,
    Person,
    Provider,
    Subscriber,
)
from rcm_x12.envelope import Envelope
from rcm_x12.remittance_835 import (
    BankAccount,
    ClaimPayment,
    Header,
    Payee,
    ProviderAdjustment,
    Remark,
    Remittance,
    ServicePayment,
)
from rcm_x12.remittance_835 import Payer as Paying
from rcm_x12.values import (
    Address,
    Adjustment,
    Amount,
    Contact,
    Name,
    Note,
    Procedure,
    QualifiedDate,
    Reference,
)

# pyx12 reads its map for every file, 150 ms each; the same map serves them all.
pyx12.map_if.load_map_file = cache(pyx12.map_if.load_map_file)
_PYX12 = pyx12.params.params()

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
DAY = date(2026, 2, 1)
SAMPLES = Path(os.environ.get("RCM_SAMPLES", Path(__file__).parents[2] / "shared" / "samples"))
ENVELOPE = Envelope("CLINIC", "PAYERTWIN", "000000001", "1", MOMENT, usage="T")
ADDRESS = Address("1 MAIN ST", "SPRINGFIELD", "IL", "627010001")
BILLING = Provider(
    "SPRINGFIELD CLINIC",
    "1234567893",
    taxonomy_code="207Q00000X",
    tax_id="123456789",
    address=ADDRESS,
)
PERSON = Person("ROE", "ROBIN", birth_date=date(1980, 1, 2), sex="F", address=ADDRESS)
SUBSCRIBER = Subscriber(PERSON, "M1234567")
PAYER = Payer("PAYER TWIN", "TWIN1")
LINE = Line(
    Procedure("99213", modifiers=("25",)), 10000, Decimal(1), (1, 2), DAY, control_number="L-1"
)
CLAIM = Claim(
    control_number="C0001",
    charge_cents=15000,
    place_of_service_code="11",
    billing_provider=BILLING,
    subscriber=SUBSCRIBER,
    payer=PAYER,
    diagnoses=(Diagnosis("E119", "ABK"), Diagnosis("I10")),
    lines=(
        LINE,
        replace(
            LINE,
            procedure=Procedure("36415"),
            charge_cents=5000,
            diagnosis_pointers=(1,),
            control_number="L-2",
        ),
    ),
)
CONTACT = Contact("BILLING DESK", "2175550100")


def batch(*claims: Claim) -> Batch:
    """One ST with these claims."""
    return Batch(
        "B0001",
        MOMENT,
        Organization("SPRINGFIELD CLINIC", "CLINIC", CONTACT),
        Organization("PAYER TWIN", "PAYERTWIN"),
        claims or (CLAIM,),
    )


def header(payment_cents: int) -> Header:
    """A payment by ACH, or none."""
    moves = payment_cents > 0
    account = BankAccount("01", "999999992", "DA", "1000200030") if moves else None
    return Header(
        payment_cents,
        "ACH" if moves else "NON",
        DAY,
        "EFT0001",
        "1123456789",
        Paying("PAYER TWIN", address=ADDRESS, technical_contact=CONTACT),
        Payee("SPRINGFIELD CLINIC", "1234567893"),
        handling_code="I" if moves else "H",
        payment_format="CCP" if moves else "",
        sender_account=account,
        sender_company_id="1123456789" if moves else "",
        receiver_account=account,
        produced_on=DAY,
    )


def service(charge_cents: int, *cuts: tuple[str, str, int]) -> ServicePayment:
    """A line whose payment is what the cuts leave."""
    adjustments = tuple(Adjustment(*cut) for cut in cuts)
    paid = charge_cents - sum(cut[2] for cut in cuts)
    return ServicePayment(Procedure("99213"), charge_cents, paid, adjustments, service_from=DAY)


def payment(number: str, *lines: ServicePayment, status: str = "1") -> ClaimPayment:
    """A claim that is the sum of its lines."""
    share = sum(a.amount_cents for one in lines for a in one.adjustments if a.group_code == "PR")
    return ClaimPayment(
        number,
        status,
        sum(one.charge_cents for one in lines),
        sum(one.paid_cents for one in lines),
        None if status == "22" else share,
        "12",
        f"P{number}",
        "11",
        "1",
        patient=Name("ROE", "ROBIN", id_qualifier="MI", id="M1234567"),
        services=lines,
        header_number="1",
    )


def remittance(*claims: ClaimPayment, plb: tuple[tuple[str, str, int], ...] = ()) -> Remittance:
    """A remittance that balances."""
    adjustments = tuple(
        ProviderAdjustment("1234567893", date(2026, 12, 31), code, cents, reference)
        for code, reference, cents in plb
    )
    total = sum(one.paid_cents for one in claims) - sum(one[2] for one in plb)
    return Remittance(header(total), claims, adjustments)


def pyx12_accepts(content: bytes) -> bool:
    """The verdict of an independent validator of the guide."""
    text = io.StringIO(content.decode("ascii"))
    return pyx12.x12n_document.x12n_document(_PYX12, text, io.StringIO(), None)


def oxedi_findings(content: bytes) -> list[str]:
    """Everything that an independent 835 reader with balancing has to say."""
    return [f"{d.kind} segment {d.segment}" for d in oxedi.parse(content).diagnostics]


words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=12)
numbers = st.text("0123456789", min_size=1, max_size=12)
codes = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=2, max_size=12)
cents = st.integers(0, 99_999_99)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
addresses = st.builds(
    Address,
    line_1=words,
    city=words,
    state=st.sampled_from(["IL", "OH", "CA"]),
    postal_code=st.sampled_from(["627010001", "432150001"]),
    line_2=st.just("") | words,
)
npis = st.sampled_from(["1234567893", "1245319599", "1003000126"])
persons = st.builds(
    Person,
    last_name=words,
    first_name=words,
    middle_name=st.just("") | words,
    birth_date=days,
    sex=st.sampled_from("MFU"),
    address=addresses,
)
billing_providers = st.builds(
    Provider,
    name=words,
    npi=npis,
    taxonomy_code=st.just("") | st.just("207Q00000X"),
    tax_id=st.text("123456789", min_size=9, max_size=9),
    address=addresses,
)
people_providers = st.builds(
    Provider, name=words, npi=npis, is_person=st.just(value=True), first_name=words
)
subscribers = st.builds(
    Subscriber,
    person=persons,
    member_id=codes,
    rank=st.just("P"),
    filing_code=st.sampled_from(["CI", "MB", "MC", "BL"]),
    group_number=st.just("") | codes,
)
only_named = st.builds(Person, last_name=words, first_name=words)
diagnosis_codes = st.sampled_from(["E119", "I10", "J069", "M545", "R51", "Z0000"])
quantities = st.integers(1, 99_999).map(lambda n: Decimal(n) / 1000).map(Decimal.normalize)


@st.composite
def lines(draw: st.DrawFn, diagnoses: int) -> Line:
    start = draw(days)
    pointers = draw(
        st.lists(st.integers(1, diagnoses), min_size=1, max_size=min(4, diagnoses), unique=True)
    )
    later = draw(st.none() | st.integers(1, 5))
    return Line(
        procedure=Procedure(
            draw(st.sampled_from(["99213", "36415", "J1885", "97110"])),
            modifiers=tuple(draw(st.lists(st.sampled_from(["25", "59", "GP"]), max_size=3))),
        ),
        charge_cents=draw(cents),
        quantity=draw(quantities),
        diagnosis_pointers=tuple(pointers),
        service_from=start,
        service_to=None if later is None else start + timedelta(days=later),
        control_number=draw(codes),
        is_emergency=draw(st.booleans()),
        prior_authorization_number=draw(st.just("") | codes),
        dates=draw(st.just(()) | days.map(lambda on: (QualifiedDate("304", on),))),
        notes=draw(st.just(()) | words.map(lambda text: (Note("ADD", text),))),
        drug=draw(
            st.none() | st.just(Drug("00011122233", Decimal("2.5"), "ML", Reference("XZ", "RX1")))
        ),
        rendering_provider=draw(st.none() | people_providers),
    )


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    others = draw(st.lists(diagnosis_codes, max_size=5, unique=True))
    diagnoses = (Diagnosis("A001", "ABK"), *(Diagnosis(code) for code in others))
    drawn = tuple(draw(st.lists(lines(len(diagnoses)), min_size=1, max_size=3)))
    subscriber = draw(subscribers)
    dependent = draw(
        st.none()
        | st.builds(Dependent, person=persons, relationship_code=st.sampled_from(["01", "19"]))
    )
    if dependent is not None:
        subscriber = replace(subscriber, person=draw(only_named))
    frequency = draw(st.sampled_from(["1", "7", "8"]))
    return Claim(
        control_number=draw(codes),
        charge_cents=sum(line.charge_cents for line in drawn),
        place_of_service_code="11",
        billing_provider=draw(billing_providers),
        subscriber=subscriber,
        payer=Payer(draw(words), draw(codes)),
        diagnoses=diagnoses,
        lines=drawn,
        dependent=dependent,
        frequency_code=frequency,
        original_claim_number="ICN1" if frequency != "1" else "",
        related_causes=draw(st.just(()) | st.just(("EM",))),
        prior_authorization_number=draw(st.just("") | codes),
        referral_number=draw(st.just("") | codes),
        patient_paid_cents=draw(cents),
        note=draw(st.none() | words.map(lambda text: Note("ADD", text))),
        dates=draw(st.just(()) | days.map(lambda on: (QualifiedDate("431", on),))),
        pay_to_address=draw(st.none() | addresses),
        referring_provider=draw(st.none() | people_providers),
        rendering_provider=draw(st.none() | people_providers),
        service_facility=draw(
            st.none() | st.builds(Provider, name=words, npi=npis, address=addresses)
        ),
    )


batches = st.lists(claims(), min_size=1, max_size=4).map(lambda drawn: batch(*drawn))
cuts = st.builds(
    Adjustment,
    group_code=st.sampled_from(["CO", "PR", "OA", "PI"]),
    reason_code=st.sampled_from(["45", "1", "2", "3", "96", "B7"]),
    amount_cents=st.integers(-99_99, 99_999_99).filter(bool),
    quantity=st.none() | st.just(Decimal("1.5")),
)


@st.composite
def services(draw: st.DrawFn) -> ServicePayment:
    charge = draw(cents)
    adjustments = tuple(draw(st.lists(cuts, max_size=9)))
    start = draw(st.none() | days)
    return ServicePayment(
        Procedure(
            draw(st.sampled_from(["99213", "36415"])),
            modifiers=draw(st.sampled_from([(), ("25",)])),
        ),
        charge,
        charge - sum(each.amount_cents for each in adjustments),
        adjustments,
        line_control_number=draw(st.just("") | codes),
        quantity=draw(st.none() | quantities),
        service_from=start,
        service_to=draw(st.none() | days) if start else None,
        references=draw(st.just(()) | st.just((Reference("LU", "11"),))),
        amounts=draw(st.just(()) | cents.map(lambda value: (Amount("B6", value),))),
        remarks=draw(st.just(()) | st.just((Remark("HE", "N130"),))),
    )


@st.composite
def payments(draw: st.DrawFn) -> ClaimPayment:
    drawn = tuple(draw(st.lists(services(), max_size=4)))
    above = tuple(draw(st.lists(cuts, max_size=2)))
    cut = sum(a.amount_cents for level in (above, *(s.adjustments for s in drawn)) for a in level)
    charge = sum(one.charge_cents for one in drawn) if drawn else draw(cents)
    return replace(
        payment(draw(codes)),
        charge_cents=charge,
        paid_cents=charge - cut,
        patient_responsibility_cents=draw(st.none() | cents),
        adjustments=above,
        services=drawn,
        service_from=draw(st.none() | days),
        names=draw(
            st.just(())
            | st.just((("82", Name("WELBY", "MARCUS", id_qualifier="XX", id="1234567893")),))
        ),
        drg_weight=draw(st.none() | st.just(Decimal("1.25"))),
    )


@st.composite
def remittances(draw: st.DrawFn) -> Remittance:
    drawn = draw(st.lists(payments(), max_size=4))
    total = sum(one.paid_cents for one in drawn)
    plb = (
        [("FB", "EFT0000", total)] if total < 0 else draw(st.just([]) | st.just([("WO", "P1", -5)]))
    )
    return remittance(*drawn, plb=tuple(plb))
