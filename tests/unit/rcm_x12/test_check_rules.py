"""Every rule of the checker: one file with one defect, and exactly what is said of it."""

from datetime import date

import pytest
import x12_defects as world
import x12_world
from x12_defects import broken

from rcm_x12.check import RULES, check_file, load_codes
from rcm_x12.check.guides import declared

BASES = {
    "P": world.PROFESSIONAL,
    "D": world.DEPENDENT,
    "S": world.SECONDARY,
    "AMB": world.AMBULANCE,
    "ANE": world.ANESTHESIA,
    "DME": world.EQUIPMENT,
    "835": world.PAID,
    "CA": world.ACKNOWLEDGED,
    "271": world.COVERED,
    "999": world.ANSWERED,
    "I": world.INSTITUTIONAL,
    "O": world.OUTPATIENT,
}
CODES = load_codes(
    [
        "set,code,valid_from,valid_to",
        *(f"icd-10-cm,{code},2015-10-01," for code in ("E119", "I10", "I2510", "R079")),
        "icd-10-cm,F55,2015-10-01,2019-09-30",
        *(f"hcpcs,{code},1990-01-01," for code in ("99213", "36415", "A0429", "A0425", "E0470")),
        *(f"hcpcs,{code},1990-01-01," for code in ("00790", "80053", "99284", "85025", "J1885")),
        *(f"modifier,{code},," for code in ("25", "RH", "AA", "90")),
        *(f"carc,{code},," for code in ("45", "1", "197")),
        "rarc,N130,,",
        *(f"taxonomy,{code},," for code in ("207Q00000X", "282N00000X")),
        *(f"revenue,{code},," for code in ("0120", "0300", "0450", "0001")),
        "ndc,00011122233,,",
        *(f"claim-status,{code},," for code in ("19", "20", "454")),
        "currency,USD,,",
    ]
)

Row = tuple[str, str, tuple[tuple[str, str], ...], tuple[str, ...]]


def row(code: str, base: str, *changes: tuple[str, str], also: tuple[str, ...] = ()) -> Row:
    return code, base, changes, also


LINE_1 = "SV1*HC:99213:25*100*UN*1***1:2"
HOLDER = world.PROFESSIONAL.decode().partition("~HL*2*1*22*0")[2].partition("~SE*")[0]
ROWS: list[Row] = [
    # hierarchy and dates
    row("hl-number", "P", ("HL*1**20", "HL*5**20"), ("HL*2*1*22", "HL*6*5*22")),
    row("hl-parent", "P", ("HL*2*1*22", "HL*2*9*22")),
    row("hl-child-missing", "P", ("*22*0~", "*22*1~")),
    row("hl-child-unannounced", "D", ("*22*1~", "*22*0~")),
    row("date-form", "P", ("DTP*472*D8*20260201", "DTP*472*D8*2026021")),
    row("date-form", "P", ("DTP*472*D8*20260201", "DTP*472*RD8*20260201")),
    row("date-form", "P", ("DTP*472*D8*20260201", "DTP*472*D8*20260231")),
    row("date-range-order", "P", ("DTP*472*D8*20260201", "DTP*472*RD8*20260205-20260201")),
    row("birth-date", "P", ("DMG*D8*19800102", "DMG*D8*19801302")),
    row("birth-date-future", "P", ("DMG*D8*19800102", "DMG*D8*20800102")),
    row("future-date", "P", ("DTP*472*D8*20260201", "DTP*472*D8*20270201")),
    row("line-date-range", "P", ("DTP*472*D8*20260201", "DTP*472*RD8*20260201-20260201")),
    row(
        "discharge-before-admission",
        "P",
        ("~HI*", "~DTP*435*D8*20260201~DTP*096*D8*20260131~HI*"),
    ),
    # identifiers and addresses
    row("npi-form", "P", ("XX*1234567893", "XX*123456789")),
    row("npi-check-digit", "P", ("XX*1234567893", "XX*1234567894")),
    row("taxonomy-form", "P", ("PXC*207Q00000X", "PXC*FAMILY"), also=("taxonomy-code",)),
    row("tax-id-form", "P", ("REF*EI*123456789", "REF*EI*12-3456789")),
    row("clia-form", "P", ("~HI*", "~REF*X4*12345~HI*")),
    row("zip-form", "P", ("627010001~DMG", "6270~DMG")),
    row("zip-nine-digits", "P", ("627010001~REF", "62701~REF")),
    row("state-missing", "P", ("*IL*627010001~DMG", "**627010001~DMG")),
    row("zip-missing", "P", ("*IL*627010001~DMG", "*IL~DMG")),
    row("billing-po-box", "P", ("N3*1 MAIN ST", "N3*PO BOX 12")),
    row("telephone-form", "P", ("TE*2175550100", "TE*217-555-0100")),
    # subscribers and payers
    row("patient-loop-missing", "P", ("SBR*P*18*", "SBR*P**")),
    row(
        "patient-loop-not-used",
        "D",
        ("SBR*P**", "SBR*P*18*"),
        also=("subscriber-address-missing", "subscriber-demographics-missing"),
    ),
    row(
        "subscriber-address-missing",
        "P",
        ("MI*M1234567~N3*1 MAIN ST~N4*SPRINGFIELD*IL*627010001~DMG", "MI*M1234567~DMG"),
    ),
    row("subscriber-demographics-missing", "P", ("~DMG*D8*19800102*F", "")),
    row("group-name-unneeded", "P", ("SBR*P*18*******CI", "SBR*P*18*G1*GROUP*****CI")),
    row("filing-code-missing", "P", ("SBR*P*18*******CI", "SBR*P*18")),
    row("medicare-secondary-type", "S", ("SBR*S*18*******CI", "SBR*S*18*******MB")),
    row("insurance-type-unneeded", "P", ("SBR*P*18*******CI", "SBR*P*18***12****CI")),
    row("other-payer-missing", "P", ("SBR*P*18", "SBR*S*18")),
    row("payer-rank-repeated", "S", ("SBR*S*18", "SBR*P*18")),
    row(
        "other-payer-repeated",
        "S",
        (
            "~LX*1~",
            "~SBR*T*18*******CI~OI***Y***Y~NM1*IL*1*ROE*ROBIN****MI*X2"
            "~NM1*PR*2*OTHER PAYER*****PI*OTHER1~LX*1~",
        ),
        also=("cob-paid-missing",),
    ),
    # claims
    row("original-number-missing", "P", ("11:B:1", "11:B:7")),
    row("original-number-unneeded", "P", ("~HI*", "~REF*F8*ICN1~HI*")),
    row("frequency-code", "P", ("11:B:1", "11:B:9")),
    row("claim-id-length", "P", ("CLM*C0001*", "CLM*C00010000000000000001*")),
    row("claim-id-repeated", "P", ("~SE*", f"~HL*3*1*22*0{HOLDER}~SE*")),
    row("accident-date-missing", "P", ("*Y*A*Y*Y~", "*Y*A*Y*Y**OA~")),
    row("accident-date-unneeded", "P", ("~HI*", "~DTP*439*D8*20260101~HI*")),
    row(
        "accident-state-missing",
        "P",
        ("*Y*A*Y*Y~", "*Y*A*Y*Y**AA~DTP*439*D8*20260101~"),
    ),
    row("admission-date-missing", "P", ("11:B:1", "21:B:1")),
    row("diagnosis-dotted", "P", ("ABK:E119", "ABK:E11.9"), also=("diagnosis-code",)),
    row("diagnosis-form", "P", ("ABK:E119", "ABK:250"), also=("diagnosis-code",)),
    row("diagnosis-repeated", "P", ("ABF:I10", "ABF:E119")),
    row("diagnosis-kinds-mixed", "P", ("ABF:I10", "BF:4019")),
    row("diagnosis-outdated", "P", ("ABK:E119*ABF:I10", "BK:25000*BF:4019")),
    row("referral-without-provider", "P", ("~HI*", "~REF*9F*R1~HI*")),
    row("rendering-unneeded", "P", ("~LX*1~", "~NM1*82*1*ROE*SAM****XX*1234567893~LX*1~")),
    row(
        "facility-unneeded",
        "P",
        (
            "~LX*1~",
            "~NM1*77*2*CLINIC*****XX*1234567893~N3*1 MAIN ST~N4*SPRINGFIELD*IL*627010001~LX*1~",
        ),
    ),
    row(
        "line-rendering-unneeded",
        "P",
        ("~LX*1~", "~NM1*82*1*ROE*SAM****XX*1245319599~LX*1~"),
        ("~LX*2~", "~NM1*82*1*ROE*SAM****XX*1245319599~LX*2~"),
    ),
    row("billing-npi-missing", "P", ("*****XX*1234567893", "")),
    row("epsdt-referral-missing", "P", (LINE_1, LINE_1 + "****Y")),
    # lines
    row("line-number", "P", ("LX*2", "LX*3")),
    row("pointer-missing", "P", ("*1:2~", "*1:3~")),
    row("pointer-repeated", "P", ("*1:2~", "*1:1~")),
    row("line-units-zero", "P", ("*100*UN*1*", "*100*UN*0*")),
    row("procedure-form", "P", ("HC:36415", "HC:3641"), also=("procedure-code",)),
    row("modifier-form", "P", ("99213:25*", "99213:2-*"), also=("procedure-code",)),
    row("modifier-repeated", "P", ("99213:25*", "99213:25:25*")),
    row("description-missing", "P", ("HC:36415", "HC:64999"), also=("procedure-code",)),
    row("line-place-unneeded", "P", ("*UN*1***1:2", "*UN*1*11**1:2")),
    row("line-control-repeated", "P", ("REF*6R*L-2", "REF*6R*L-1")),
    row(
        "line-authorization-unneeded",
        "P",
        ("~HI*", "~REF*G1*A1~HI*"),
        ("~REF*6R*L-1", "~REF*G1*A1~REF*6R*L-1"),
    ),
    row(
        "line-referral-unneeded",
        "P",
        ("~HI*", "~REF*9F*A1~HI*"),
        ("~REF*6R*L-1", "~REF*6R*L-1~REF*9F*A1"),
        ("~LX*1~", "~NM1*DN*1*ROE*SAM****XX*1245319599~LX*1~"),
    ),
    row(
        "line-clia-unneeded",
        "P",
        ("~HI*", "~REF*X4*12D3456789~HI*"),
        ("~REF*6R*L-1", "~REF*6R*L-1~REF*X4*12D3456789"),
    ),
    row("clia-missing", "P", ("HC:36415", "HC:85025")),
    row("drug-missing", "P", ("HC:36415", "HC:J1885")),
    row(
        "drug-form", "P", ("~LX*2~", "~LIN**N4*0001-1122-33~CTP****1*ML~LX*2~"), also=("drug-code",)
    ),
    row("drug-quantity-zero", "P", ("~LX*2~", "~LIN**N4*00011122233~CTP****0*ML~LX*2~")),
    # money of claims
    row("claim-total", "P", ("CLM*C0001*150*", "CLM*C0001*151*")),
    row(
        "claim-negative",
        "P",
        ("C0001*150*", "C0001*-150*"),
        ("25*100*", "25*-100*"),
        ("36415*50*", "36415*-50*"),
        also=("line-negative",),
    ),
    row("line-negative", "P", ("C0001*150*", "C0001*50*"), ("36415*50*", "36415*-50*")),
    row("patient-paid-over", "P", ("~HI*", "~AMT*F5*200~HI*")),
    row("cob-payer-balance", "S", ("AMT*D*110", "AMT*D*111")),
    row(
        "cob-line-balance",
        "S",
        ("SVD*OTHER1*70", "SVD*OTHER1*71"),
    ),
    row(
        "cob-adjustment-twice",
        "S",
        ("~AMT*D*110", "~CAS*CO*45*30~AMT*D*110"),
        also=("cob-payer-balance",),
    ),
    row("cob-payer-unknown", "S", ("SVD*OTHER1*40", "SVD*OTHER2*40"), also=("cob-payer-balance",)),
    row("cob-paid-missing", "S", ("~AMT*D*110", "")),
    row("cob-date-twice", "S", ("PI*OTHER1", "PI*OTHER1~DTP*573*D8*20260210")),
    row(
        "cob-date-missing",
        "S",
        ("~DTP*573*D8*20260210", ""),
        ("~DTP*573*D8*20260210", ""),
        also=("segment-missing",),
    ),
    # kinds of service
    row("anesthesia-minutes", "ANE", ("*MJ*45*", "*UN*3*")),
    row("minutes-unneeded", "P", ("*100*UN*1*", "*100*MJ*15*")),
    row("anesthesia-modifier", "ANE", ("00790:AA", "00790")),
    row("ambulance-transport-missing", "AMB", ("~CR1*LB*140**A*DH*4", "")),
    row("ambulance-pickup-missing", "AMB", ("~NM1*PW*2~N3*2 OAK ST~N4*SPRINGFIELD*IL*62701", "")),
    row("ambulance-dropoff-missing", "AMB", ("~NM1*45*2~N3*3 ELM ST~N4*SPRINGFIELD*IL*62701", "")),
    row("ambulance-condition-missing", "AMB", ("~CRC*07*Y*01", "")),
    row("ambulance-unneeded", "P", ("~HI*", "~CR1*LB*140**A*DH*4~HI*")),
    row("equipment-certificate-missing", "DME", ("~CR3*I*MO*12~CRC*09*Y*38", "")),
    row("equipment-condition-missing", "DME", ("~CRC*09*Y*38", "")),
    row("equipment-begin-missing", "DME", ("~DTP*463*D8*20260101", "")),
    row("equipment-revision-missing", "DME", ("CR3*I*MO", "CR3*R*MO")),
    row("equipment-procedure", "DME", ("SV5*HC:E0470", "SV5*HC:E0471")),
    # code sets
    row("place-of-service-code", "P", ("11:B:1", "30:B:1")),
    row("state-code", "P", ("IL*627010001~DMG", "ZZ*627010001~DMG")),
    row("country-code", "P", ("IL*627010001~DMG", "*4000*XX~DMG")),
    row("currency-code", "P", ("~NM1*85*2", "~CUR*85*XYZ~NM1*85*2")),
    row("status-category-code", "CA", ("STC*A2:20:PR", "STC*A9:20:PR"), also=("status-category",)),
    row("claim-status-code", "CA", ("STC*A2:20:PR", "STC*A2:999:PR")),
    row("diagnosis-code", "P", ("ABF:I10", "ABF:I11")),
    row("diagnosis-code", "P", ("ABF:I10", "ABF:F55")),
    row("procedure-code", "P", ("HC:36415", "HC:36419")),
    row("procedure-code-sv2", "I", ("HC:80053", "HC:80059")),
    row("procedure-code-svc", "835", ("SVC*HC:99213", "SVC*HC:99219")),
    row("procedure-code-svd", "S", ("SVD*OTHER1*40*HC:36415", "SVD*OTHER1*40*HC:36419")),
    row("taxonomy-code", "P", ("PXC*207Q00000X", "PXC*208Q00000X")),
    row("revenue-code", "I", ("SV2*0300*", "SV2*0309*")),
    row("drug-code", "P", ("~LX*2~", "~LIN**N4*00011122234~CTP****1*ML~LX*2~")),
    row("adjustment-reason-code", "835", ("CAS*CO*197*", "CAS*CO*999*")),
    row("remark-code", "835", ("~CAS*CO*197*80", "~CAS*CO*197*80~LQ*HE*N999")),
    row("remark-code-moa", "835", ("MI*M1234567~SVC", "MI*M1234567~MOA***N999~SVC")),
    row("remark-code-mia", "835", ("MI*M1234567~SVC", "MI*M1234567~MIA*0****N999~SVC")),
    # remittances
    row("line-balance", "835", ("SVC*HC:99213*100*50", "SVC*HC:99213*100*51")),
    row(
        "claim-balance",
        "835",
        ("CLP*A*1*150*80*", "CLP*A*1*150*81*"),
        ("BPR*I*56.25", "BPR*I*57.25"),
    ),
    row(
        "claim-lines",
        "835",
        ("CLP*B*1*80*0*", "CLP*B*1*90*0*"),
        ("~SVC*HC:99213*80*0", "~CAS*CO*45*10~SVC*HC:99213*80*0"),
        also=("segment-order",),
    ),
    row("patient-share", "835", ("*150*80*20*", "*150*80*21*")),
    row("payment-balance", "835", ("BPR*I*56.25", "BPR*I*57.25")),
    row("payment-sign", "835", ("BPR*I*56.25", "BPR*I*-43.75"), ("WO:OLD1*25", "WO:OLD1*125")),
    row("payment-method", "835", ("BPR*I*", "BPR*H*")),
    row(
        "bank-account-missing",
        "835",
        ("BPR*I*56.25*C*ACH*CCP*01*999999992*DA*1000200030*", "BPR*I*56.25*C*ACH*CCP*****"),
    ),
    row("payer-id-form", "835", ("TRN*1*EFT0001*1123456789", "TRN*1*EFT0001*PAYER12345")),
    row("reversal-sign", "835", ("CLP*B*1*80*0*0*", "CLP*B*22*80*0**")),
    row("reversal-share", "835", ("CLP*B*1*80*0*0*", "CLP*B*22*80*0*0*"), also=("reversal-sign",)),
    row("adjustment-zero", "835", ("CAS*CO*197*80", "CAS*CO*197*80**45*0")),
    row("adjustment-repeated", "835", ("CAS*CO*197*80", "CAS*CO*197*40**197*40")),
    row("service-date-missing", "835", ("~DTM*472*20260201", "")),
    # answers
    row("benefit-percent", "271", ("*****.2****Y", "*****20****Y")),
    row("status-category", "CA", ("STC*A2:20:PR", "STC*F1:20:PR")),
    row("action-code", "CA", ("STC*A2:20:PR*20260201*WQ", "STC*A2:20:PR*20260201*U")),
    row(
        "acknowledged-count", "999", ("AK9*A*1*1*1", "AK9*P*1*1*2"), also=("acknowledged-verdict",)
    ),
    row("acknowledged-verdict", "999", ("AK9*A*1*1*1", "AK9*A*1*1*0")),
    # institutional
    row("bill-type", "I", ("11:A:1", "0X:A:1")),
    row("admission-missing", "I", ("~DTP*435*DT*202602010900", "")),
    row("discharge-hour-missing", "I", ("~DTP*096*TM*1130", "")),
    row("admission-type-missing", "I", ("CL1*1*7*01", "CL1**7*01"), also=("element-missing",)),
    row("admitting-diagnosis-missing", "I", ("~HI*ABJ:R079", "")),
    row("present-on-admission-missing", "I", ("ABK:I2510:::::::Y", "ABK:I2510")),
    row("reason-for-visit-missing", "O", ("~HI*APR:R079", "")),
    row("attending-missing", "I", ("~NM1*71*1*WELBY*MARCUS****XX*1245319599", "")),
    row("line-date-missing", "O", ("~DTP*472*D8*20260201", "")),
    row("line-outside-statement", "O", ("~DTP*472*D8*20260201", "~DTP*472*D8*20260220")),
    row("revenue-form", "I", ("SV2*0300*", "SV2*300*"), also=("revenue-code",)),
    row("revenue-total", "I", ("SV2*0300*", "SV2*0001*")),
    row("bill-diagnosis-repeated", "I", ("ABF:I10", "ABF:I2510")),
    row("bill-authorization-twice", "I", ("~HI*ABK", "~REF*9F*A1~REF*G1*A1~HI*ABK")),
]
INSTITUTIONAL = declared("005010X223A2", "837")[0] is not None
TODAY = date(2026, 3, 1)


def codes_of(content: bytes) -> list[str]:
    return [finding.code for finding in check_file(content, codes=CODES, today=TODAY).findings]


def needs_a_guide(base: str) -> None:
    if base in {"I", "O"} and not INSTITUTIONAL:
        pytest.skip("the guide is not declared")


@pytest.mark.parametrize("base", BASES)
def test_a_base_without_its_defect_has_no_finding(base: str) -> None:
    needs_a_guide(base)
    assert codes_of(BASES[base]) == []


@pytest.mark.parametrize(
    ("code", "base", "changes", "also"), ROWS, ids=[f"{one[1]} {one[0]}" for one in ROWS]
)
def test_one_defect_has_its_finding(
    code: str, base: str, changes: tuple[tuple[str, str], ...], also: tuple[str, ...]
) -> None:
    needs_a_guide(base)
    assert set(codes_of(broken(BASES[base], *changes))) == {code, *also}


def test_every_rule_has_a_row() -> None:
    assert set(RULES) == {one[0] for one in ROWS}


# What an independent validator of the guides lets pass, asked again here so that it stays true.
MISSED = [
    ("P", "claim-total"),
    ("P", "npi-check-digit"),
    ("P", "npi-form"),
    ("P", "pointer-missing"),
    ("P", "original-number-missing"),
    ("P", "diagnosis-dotted"),
    ("P", "procedure-code"),
    ("P", "other-payer-missing"),
    ("P", "hl-child-missing"),
    ("P", "subscriber-address-missing"),
    ("P", "subscriber-demographics-missing"),
    ("P", "patient-loop-missing"),
    ("P", "zip-nine-digits"),
    ("P", "billing-po-box"),
    ("P", "diagnosis-repeated"),
    ("P", "line-units-zero"),
    ("P", "line-negative"),
    ("P", "future-date"),
    ("P", "tax-id-form"),
    ("P", "taxonomy-form"),
    ("835", "line-balance"),
    ("835", "claim-balance"),
    ("835", "payment-balance"),
    ("835", "adjustment-reason-code"),
    ("835", "remark-code"),
]


@pytest.mark.parametrize(("base", "code"), MISSED, ids=[" ".join(one) for one in MISSED])
def test_a_stranger_lets_pass_what_we_find(base: str, code: str) -> None:
    changes = next(one[2] for one in ROWS if one[:2] == (code, base))
    assert x12_world.pyx12_accepts(broken(BASES[base], *changes))
