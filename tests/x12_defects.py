"""Whole files to break one thing in: `broken(BASE, (old, new), ...)` keeps SE01 true."""

from dataclasses import replace

import x12_inquiries as inquiries
import x12_world as world

from rcm_x12 import (
    ack_999,
    claim_837p,
    eligibility_270,
    eligibility_271,
    remittance_835,
    status_276,
    status_277,
    status_277ca,
)
from rcm_x12.claim_837p import Dependent
from rcm_x12.values import Name, Procedure


def broken(base: bytes, *changes: tuple[str, str]) -> bytes:
    """The file with each first `old` made `new`; a change that finds nothing is a mistake."""
    text = base.decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return counted(text)


def counted(text: str) -> bytes:
    """The same segments with every SE01 right again."""
    segments, start = text.split("~"), 0
    for place, segment in enumerate(segments):
        if segment.startswith("ST*"):
            start = place
        elif segment.startswith("SE*"):
            number = segment.rpartition("*")[2]
            segments[place] = f"SE*{place - start + 1}*{number}"
    return "~".join(segments).encode()


PROFESSIONAL = claim_837p.write(world.ENVELOPE, [world.batch()])
_HOLDER = replace(world.SUBSCRIBER, person=claim_837p.Person("ROE", "ROBIN"))
DEPENDENT = claim_837p.write(
    world.ENVELOPE,
    [
        world.batch(
            replace(world.CLAIM, subscriber=_HOLDER, dependent=Dependent(world.PERSON, "19"))
        )
    ],
)
SECONDARY = broken(
    PROFESSIONAL,
    ("~SBR*P*", "~SBR*S*"),
    (
        "~LX*1~",
        "~SBR*P*18*******CI~AMT*D*110~OI***Y***Y~NM1*IL*1*ROE*ROBIN****MI*X1"
        "~NM1*PR*2*OTHER PAYER*****PI*OTHER1~LX*1~",
    ),
    ("~REF*6R*L-1", "~REF*6R*L-1~SVD*OTHER1*70*HC:99213:25**1~CAS*CO*45*30~DTP*573*D8*20260210"),
    ("~REF*6R*L-2", "~REF*6R*L-2~SVD*OTHER1*40*HC:36415**1~CAS*PR*1*10~DTP*573*D8*20260210"),
)
AMBULANCE = broken(
    PROFESSIONAL,
    ("HC:99213:25*", "HC:A0429:RH*"),
    ("HC:36415*50*UN*1*", "HC:A0425:RH*50*UN*4*"),
    ("11:B:1", "41:B:1"),
    (
        "~HI*",
        "~CR1*LB*140**A*DH*4~CRC*07*Y*01~HI*",
    ),
    (
        "~LX*1~",
        "~NM1*PW*2~N3*2 OAK ST~N4*SPRINGFIELD*IL*62701"
        "~NM1*45*2~N3*3 ELM ST~N4*SPRINGFIELD*IL*62701~LX*1~",
    ),
)
ANESTHESIA = broken(PROFESSIONAL, ("SV1*HC:99213:25*100*UN*1*", "SV1*HC:00790:AA*100*MJ*45*"))
EQUIPMENT = broken(
    PROFESSIONAL,
    (
        "SV1*HC:99213:25*100*UN*1***1:2~",
        "SV1*HC:E0470*100*UN*1***1:2~SV5*HC:E0470*DA*30*50*100*4"
        "~PWK*CT*AD~CR3*I*MO*12~CRC*09*Y*38~",
    ),
    ("~DTP*472*D8*20260201~REF*6R*L-1", "~DTP*472*D8*20260201~DTP*463*D8*20260101~REF*6R*L-1"),
)
PAID = remittance_835.write(
    world.ENVELOPE,
    [
        world.remittance(
            world.payment(
                "A",
                world.service(10000, ("CO", "45", 3000), ("PR", "1", 2000)),
                world.service(5000, ("CO", "45", 2000)),
            ),
            world.payment("B", world.service(8000, ("CO", "197", 8000))),
            plb=(("WO", "OLD1", 2500), ("L6", "", -125)),
        )
    ],
)
_STATUS = status_277ca.Status((status_277ca.StatusCode("A2", "20", "PR"),), world.DAY, "WQ", 15000)
_TAKEN = status_277ca.Status((status_277ca.StatusCode("A1", "19", "PR"),), world.DAY, "WQ", 15000)
ACKNOWLEDGED = status_277ca.write(
    world.ENVELOPE,
    [
        status_277ca.ClaimAcknowledgment(
            reference="R1",
            created_at=world.MOMENT,
            source=Name("PAYER TWIN", is_person=False, id_qualifier="PI", id="TWIN1"),
            source_entity_code="PR",
            source_trace_number="T1",
            received_on=world.DAY,
            processed_on=world.DAY,
            receiver=Name("CLINIC", is_person=False, id_qualifier="46", id="CLINIC"),
            batch_reference="B0001",
            statuses=(_TAKEN,),
            totals=status_277ca.Totals(1, 0, 15000, 0),
            providers=(
                status_277ca.ProviderStatus(
                    Name("CLINIC", is_person=False, id_qualifier="XX", id="1234567893"),
                    (
                        status_277ca.ClaimStatus(
                            Name("ROE", "ROBIN", id_qualifier="MI", id="M1"),
                            "C0001",
                            (_STATUS,),
                            payer_claim_number="P1",
                            service_from=world.DAY,
                            services=(
                                status_277ca.ServiceStatus(
                                    Procedure("99213"),
                                    8000,
                                    (
                                        status_277ca.Status(
                                            (status_277ca.StatusCode("A7", "454"),), world.DAY, "U"
                                        ),
                                    ),
                                    line_control_number="L-1",
                                    service_from=world.DAY,
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        )
    ],
)
ANSWERED = ack_999.write(
    world.ENVELOPE,
    [
        ack_999.Acknowledgment(
            "HC",
            "1",
            "005010X222A1",
            "A",
            1,
            1,
            1,
            (ack_999.SetResponse("837", "0001", "A", "005010X222A1"),),
        )
    ],
)
ELIGIBILITY = eligibility_270.write(world.ENVELOPE, [inquiries.ELIGIBILITY])
COVERED = eligibility_271.write(world.ENVELOPE, [inquiries.answer(*inquiries.BENEFITS)])
ASKED = status_276.write(world.ENVELOPE, [inquiries.STATUS_INQUIRY])
TOLD = status_277.write(world.ENVELOPE, [inquiries.told(inquiries.PENDING, inquiries.PAID)])
_ISA = PROFESSIONAL.decode().partition("~GS*")[0]
INSTITUTIONAL = counted(
    f"{_ISA}~GS*HC*CLINIC*PAYERTWIN*20260301*1230*1*X*005010X223A2~ST*837*0001*005010X223A2"
    "~BHT*0019*00*B0001*20260301*1230*CH~NM1*41*2*CITY HOSPITAL*****46*CLINIC"
    "~PER*IC*BILLING DESK*TE*2175550100~NM1*40*2*PAYER TWIN*****46*PAYERTWIN~HL*1**20*1"
    "~PRV*BI*PXC*282N00000X~NM1*85*2*CITY HOSPITAL*****XX*1234567893~N3*1 MAIN ST"
    "~N4*SPRINGFIELD*IL*627010001~REF*EI*123456789~HL*2*1*22*0~SBR*P*18*******CI"
    "~NM1*IL*1*ROE*ROBIN****MI*M1234567~N3*1 MAIN ST~N4*SPRINGFIELD*IL*627010001"
    "~DMG*D8*19800102*F~NM1*PR*2*PAYER TWIN*****PI*TWIN1~CLM*C0001*1500***11:A:1**A*Y*Y"
    "~DTP*096*TM*1130~DTP*434*RD8*20260201-20260203~DTP*435*DT*202602010900~CL1*1*7*01"
    "~HI*ABK:I2510:::::::Y~HI*ABJ:R079~HI*ABF:I10:::::::Y"
    "~NM1*71*1*WELBY*MARCUS****XX*1245319599~LX*1~SV2*0120**1000*DA*2~LX*2"
    "~SV2*0300*HC:80053*500*UN*1~SE*0*0001~GE*1*1~IEA*1*000000001~"
)
OUTPATIENT = broken(
    INSTITUTIONAL,
    ("11:A:1", "13:A:1"),
    ("~DTP*096*TM*1130", ""),
    ("~DTP*435*DT*202602010900", ""),
    ("~HI*ABJ:R079", "~HI*APR:R079"),
    ("SV2*0120**1000*DA*2", "SV2*0450*HC:99284*1000*UN*1~DTP*472*D8*20260201"),
    ("SV2*0300*HC:80053*500*UN*1", "SV2*0300*HC:80053*500*UN*1~DTP*472*D8*20260201"),
)
