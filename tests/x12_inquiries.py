"""Inquiries and their answers to change one thing in, and Hypothesis strategies for whole files."""

from datetime import date
from decimal import Decimal

import x12_world as world
from hypothesis import strategies as st
from x12sdk.io import X12ModelReader

from rcm_x12 import eligibility_270 as e270
from rcm_x12 import eligibility_271 as e271
from rcm_x12 import status_276 as s276
from rcm_x12 import status_277 as s277
from rcm_x12.values import Contact, Name, Procedure, QualifiedDate

BORN = date(1980, 1, 2)
PAYER = Name("PAYER TWIN", is_person=False, id_qualifier="PI", id="TWIN1")
CLINIC = Name("SPRINGFIELD CLINIC", is_person=False, id_qualifier="XX", id="1234567893")
SUBMITTER = Name("SPRINGFIELD CLINIC", is_person=False, id_qualifier="46", id="CLINIC")
INSURED = Name("ROE", "ROBIN", id_qualifier="MI", id="M1234567")
CHILD = Name("ROE", "SAM")
TRACE = e270.Trace("T0001", "9CLINIC001")
PLAN = QualifiedDate("291", world.DAY)

ELIGIBILITY = e270.ask(
    "E0001",
    world.MOMENT,
    source=e270.Source(PAYER),
    receiver=e270.Receiver(CLINIC),
    subscriber=e270.Subscriber(
        e270.Member(INSURED, BORN, "F", dates=(PLAN,)), (e270.Question(),), (TRACE,)
    ),
)
ANSWERED = e271.Trace("T0001", "9CLINIC001", is_answered=True)
BENEFITS = (
    e271.Benefit("1", "IND", ("30",), "HM", "GOLD 123"),
    e271.Benefit("C", "IND", ("30",), period_code="23", amount_cents=150000, network="Y"),
    e271.Benefit("C", "IND", ("30",), period_code="29", amount_cents=40000, network="Y"),
    e271.Benefit("A", "IND", ("98", "UC"), share_ppm=200_000, network="Y"),
    e271.Benefit(
        "L",
        entities=(e271.Entity("P3", Name("WELBY", "MARCUS", id_qualifier="XX", id="1003000126")),),
    ),
)


def answer(*benefits: e271.Benefit, rejections: tuple[e271.Rejection, ...] = ()) -> e271.Response:
    """An answer about the subscriber."""
    one = e271.Subscriber(e271.Member(INSURED, BORN, "F"), benefits, (ANSWERED,), rejections)
    receiver = e271.ResponseReceiver(e271.Receiver(CLINIC), (one,))
    return e271.Response(
        "E0001", world.MOMENT, (e271.ResponseSource(e271.Source(PAYER), (receiver,)),)
    )


ASKED = s276.ClaimInquiry(
    "T0001", world.DAY, charge_cents=15000, patient_account_number="C0001", bill_type="131"
)
STATUS_INQUIRY = s276.ask(
    "S0001",
    world.MOMENT,
    payer=PAYER,
    submitter=SUBMITTER,
    provider=CLINIC,
    subscribers=(s276.Subscriber(s276.Person(INSURED, BORN, "F"), (ASKED,)),),
)
PENDING = s277.Status((s277.StatusCode("P1", "20"),), date(2026, 2, 10), 15000, 0)
PAID = s277.Status(
    (s277.StatusCode("F1", "65"),),
    date(2026, 2, 20),
    15000,
    12000,
    date(2026, 2, 19),
    date(2026, 2, 20),
    "EFT0001",
)


def told(*statuses: s277.Status) -> s277.Response:
    """What has become of the claim of the subscriber."""
    claim = s277.ClaimStatus("T0001", statuses, world.DAY, payer_claim_number="P1")
    subscriber = s277.Subscriber(s277.Person(INSURED), (claim,))
    provider = s277.ResponseProvider((CLINIC,), (subscriber,))
    receiver = s277.ResponseReceiver(SUBMITTER, (provider,))
    return s277.Response("R0001", world.MOMENT, (s277.ResponseSource(PAYER, (receiver,)),))


def x12sdk_reads(content: bytes) -> int:
    """How many transaction sets an independent parser makes of it."""
    with X12ModelReader(content.decode("ascii")) as reader:
        return len(list(reader.models()))


maybe_codes = st.just("") | world.codes
roles = st.builds(e270.ProviderRole, st.sampled_from(["RF", "PE"]), st.just("PXC"), world.codes)
identifications = st.lists(
    st.builds(
        e270.Identification,
        st.sampled_from(["6P", "IG", "1L"]),
        world.codes,
        st.just("") | world.words,
    ),
    max_size=2,
    unique_by=lambda one: one.qualifier,
).map(tuple)
spans = st.builds(QualifiedDate, st.just("291"), world.days)
diagnoses = st.just(()) | st.just((e270.Diagnosis("E119", "ABK"), e270.Diagnosis("I10")))
named = st.builds(Name, world.words, world.words, st.just("") | world.words)
insured = st.builds(Name, world.words, world.words, id_qualifier=st.just("MI"), id=world.codes)


def members(names: st.SearchStrategy[Name], relations: tuple[str, ...]) -> st.SearchStrategy:
    return st.builds(
        e270.Member,
        names,
        st.none() | world.days,
        st.sampled_from(["F", "M"]),
        st.none() | world.addresses,
        identifications,
        st.none() | roles,
        st.none()
        | st.builds(e270.Relationship, st.sampled_from(relations), st.none() | st.integers(1, 4)),
        diagnoses,
        st.just(()) | spans.map(lambda one: (one,)),
    )


traces = st.lists(st.builds(e270.Trace, world.codes, st.just("9CLINIC001")), max_size=2).map(tuple)
service_types = st.lists(
    st.sampled_from(["30", "1", "98", "UC", "MH"]), min_size=1, max_size=4, unique=True
).map(tuple)
procedures = st.builds(Procedure, st.sampled_from(["99213", "J1885"]), st.just("HC"))
questions = st.lists(
    st.builds(
        e270.Question,
        service_types,
        st.none() | procedures,
        st.sampled_from(["", "IND", "FAM"]),
        st.just(()) | st.just((1, 2)),
        st.none() | world.cents,
        st.none() | world.cents,
        st.just(()) | st.just((e270.Industry("ZZ", "11"),)),
        st.none() | st.builds(e270.Identification, st.just("G1"), world.codes),
        st.none() | spans,
    ),
    min_size=1,
    max_size=3,
).map(tuple)
dependents_270 = st.builds(e270.Dependent, members(named, ("01", "19")), questions, traces)
subscribers_270 = st.builds(
    e270.Subscriber,
    members(insured, ("18",)),
    questions,
    traces,
    st.lists(dependents_270, max_size=2).map(tuple),
)
receivers_270 = st.builds(
    e270.InquiryReceiver,
    st.builds(e270.Receiver, st.just(CLINIC), role=st.none() | roles),
    st.lists(subscribers_270, min_size=1, max_size=2).map(tuple),
)
sources_270 = st.builds(
    e270.InquirySource,
    st.just(e270.Source(PAYER)),
    st.lists(receivers_270, min_size=1, max_size=2).map(tuple),
)
inquiries_270 = st.builds(
    e270.Inquiry,
    world.codes,
    st.just(world.MOMENT),
    st.lists(sources_270, min_size=1, max_size=2).map(tuple),
    transaction_type_code=st.sampled_from(["", "RT"]),
)

rejections = st.lists(
    st.builds(e271.Rejection, st.just("42"), st.sampled_from(["C", "N", "R"]), st.booleans()),
    max_size=2,
).map(tuple)
contacts = st.lists(st.builds(Contact, world.words, st.just("2175550100")), max_size=2).map(tuple)
entities = st.builds(
    e271.Entity,
    st.sampled_from(["PR", "P3", "SEP", "IL"]),
    insured,
    st.sampled_from(["", "48"]),
    st.none() | world.addresses,
    contacts,
    st.none() | roles,
)
deliveries = st.builds(
    e271.Delivery,
    st.just("VS"),
    world.quantities,
    st.sampled_from(["", "DA"]),
    st.none() | st.just(Decimal("1.5")),
    st.just("23"),
    st.none() | st.integers(1, 9),
    st.sampled_from(["", "1"]),
)
benefits = st.lists(
    st.builds(
        e271.Benefit,
        st.sampled_from(["1", "6", "A", "B", "C", "G", "F", "R"]),
        st.sampled_from(["", "IND", "FAM"]),
        service_types,
        st.sampled_from(["", "HM", "MA"]),
        st.just("") | world.words,
        st.sampled_from(["", "23", "29"]),
        st.none() | world.cents,
        st.none() | st.integers(0, 1_000_000),
        st.just("VS"),
        world.quantities,
        st.sampled_from(["", "Y", "N", "U"]),
        st.sampled_from(["", "Y", "N", "W"]),
        st.none() | procedures,
        st.just(()) | st.just((1,)),
        st.lists(deliveries, max_size=2).map(tuple),
        identifications,
        st.just(()) | spans.map(lambda one: (one,)),
        st.just(()) | st.just((e271.Rejection("52", "N"),)),
        st.lists(world.words, max_size=2).map(tuple),
        st.just(()) | st.just((e271.Industry("ZZ", "11"), e271.Industry("GR", "5"))),
        st.lists(entities, max_size=2).map(tuple),
    ),
    max_size=3,
).map(tuple)
military = st.none() | st.builds(
    e271.MilitaryService,
    st.just("C"),
    st.just("AE"),
    st.just("A"),
    st.just("") | world.words,
    st.just("M1"),
    st.none() | st.builds(QualifiedDate, st.just(""), world.days),
)
answered_traces = st.lists(
    st.builds(e271.Trace, world.codes, st.just("9CLINIC001"), st.just(""), st.booleans()),
    max_size=3,
).map(tuple)
dependents_271 = st.builds(
    e271.Dependent,
    members(named, ("01", "19")),
    benefits,
    answered_traces,
    rejections,
    military,
)
subscribers_271 = st.builds(
    e271.Subscriber,
    members(insured, ("18",)),
    benefits,
    answered_traces,
    rejections,
    military,
    st.lists(dependents_271, max_size=2).map(tuple),
)
receivers_271 = st.builds(
    e271.ResponseReceiver,
    st.builds(e271.Receiver, st.just(CLINIC), role=st.none() | roles),
    st.lists(subscribers_271, max_size=2).map(tuple),
    st.just(()) | st.just((e271.Rejection("50", "N", is_valid_request=True),)),
)
responses_271 = st.builds(
    e271.Response,
    world.codes,
    st.just(world.MOMENT),
    st.builds(
        e271.ResponseSource,
        st.just(e271.Source(PAYER)),
        st.lists(receivers_271, max_size=2).map(tuple),
        rejections,
        contacts,
        rejections,
    ).map(lambda one: (one,)),
)

services_276 = st.builds(
    s276.ServiceInquiry,
    procedures,
    world.cents,
    world.quantities,
    world.days,
    revenue_code=st.sampled_from(["", "0300"]),
    line_control_number=maybe_codes,
)
claims_276 = st.lists(
    st.builds(
        s276.ClaimInquiry,
        world.codes,
        st.none() | world.days,
        st.none(),
        st.none() | world.cents,
        *[maybe_codes] * 7,
        st.lists(services_276, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=2,
).map(tuple)


def people(names: st.SearchStrategy[Name]) -> st.SearchStrategy[s276.Person]:
    return st.builds(s276.Person, names, world.days, st.sampled_from(["", "F", "M"]))


subscribers_276 = st.builds(
    s276.Subscriber,
    people(insured),
    claims_276,
    st.lists(st.builds(s276.Dependent, people(named), claims_276), max_size=2).map(tuple),
)
providers_276 = st.builds(
    s276.InquiryProvider,
    st.lists(st.just(CLINIC), min_size=1, max_size=2).map(tuple),
    st.lists(subscribers_276, min_size=1, max_size=2).map(tuple),
)
inquiries_276 = st.builds(
    s276.Inquiry,
    world.codes,
    st.just(world.MOMENT),
    st.builds(
        s276.InquirySource,
        st.just(PAYER),
        st.builds(
            s276.InquiryReceiver,
            st.just(SUBMITTER),
            st.lists(providers_276, min_size=1, max_size=2).map(tuple),
        ).map(lambda one: (one,)),
    ).map(lambda one: (one,)),
)

status_codes = st.builds(
    s277.StatusCode,
    st.sampled_from(["A1", "P1", "F1", "F2"]),
    st.sampled_from(["20", "65", "80"]),
    st.sampled_from(["", "PR"]),
    st.sampled_from(["", "RX"]),
)
statuses = st.builds(
    s277.Status,
    st.lists(status_codes, min_size=1, max_size=3).map(tuple),
    world.days,
    st.none() | world.cents,
    st.none() | world.cents,
    st.none() | world.days,
    st.none() | world.days,
    maybe_codes,
)
some_statuses = st.lists(statuses, min_size=1, max_size=3).map(tuple)
above = st.lists(
    st.builds(s277.Status, st.just((s277.StatusCode("E0", "0"),)), world.days), max_size=2
).map(tuple)
services_277 = st.builds(
    s277.ServiceStatus,
    procedures,
    world.cents,
    world.cents,
    world.quantities,
    some_statuses,
    world.days,
    revenue_code=st.sampled_from(["", "0300"]),
    line_control_number=maybe_codes,
)
claims_277 = st.lists(
    st.builds(
        s277.ClaimStatus,
        world.codes,
        some_statuses,
        st.none() | world.days,
        st.none(),
        *[maybe_codes] * 6,
        st.lists(services_277, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
subscribers_277 = st.builds(
    s277.Subscriber,
    st.builds(s277.Person, insured),
    claims_277,
    st.lists(st.builds(s277.Dependent, st.builds(s277.Person, named), claims_277), max_size=2).map(
        tuple
    ),
)
providers_277 = above.flatmap(
    lambda told_of: st.builds(
        s277.ResponseProvider,
        st.just((CLINIC,)),
        st.lists(subscribers_277, max_size=2).map(tuple),
        st.just(told_of),
        st.just("0" if told_of else ""),
    )
)
receivers_277 = above.flatmap(
    lambda told_of: st.builds(
        s277.ResponseReceiver,
        st.just(SUBMITTER),
        st.lists(providers_277, max_size=2).map(tuple),
        st.just(told_of),
        st.just("S0001" if told_of else ""),
    )
)
responses_277 = st.builds(
    s277.Response,
    world.codes,
    st.just(world.MOMENT),
    st.builds(
        s277.ResponseSource,
        st.just(PAYER),
        st.lists(receivers_277, min_size=1, max_size=2).map(tuple),
        st.none() | st.builds(Contact, world.words, st.just("2175550100")),
    ).map(lambda one: (one,)),
)
