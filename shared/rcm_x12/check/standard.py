"""What the base standard 005010 says where a guide says more: enough to tell their faults apart.

A 999 calls an element that the standard demands missing with 1 and one that only the guide demands
with I9; a segment that the standard has in this set and the guide does not is I4, one of another
set is 6, one that X12 does not have at all is 1.
"""

from functools import cache

_MANDATORY = """
AK1 1 2  AK2 1 2  AK9 1 2 3 4  AMT 1 2  BHT 1 2  BPR 1 2 3 4  CAS 1 2 3  CL1  CLM 1  CLP 1 2 3 4
CN1 1  CR3  CRC 1 2 3  CUR 1 2  DTM 1  DTP 1 2 3  EB 1  FRM 1  HI 1  HL 1 3  HSD  IK3 1 2  IK4 1 3
IK5 1  INS 1 2  K3 1  LE 1  LIN 2 3  LS 1  LX 1  MPI 1 2 3  MSG 1  N1 1  N3 1  NM1 1 2  NTE 2  OI
PER 1  PLB 1 2 3 4  PRV 1  PWK 1  QTY 1  RDM 1  REF 1  SBR 1  ST 1 2  SE 1 2  STC 1  SV1 1  SV5 1
2 3  SVC 1 2  SVD 1 2  TRN 1 2  TS3 1 2 3 4 5
"""
"""Segments and their elements of requirement M in the standard's segment directory."""

_SETS = {
    "837": "BHT REF NM1 N2 N3 N4 PER HL PRV SBR PAT DMG CUR CLM DTP CL1 DN1 DN2 PWK CN1 DSB UR AMT"
    " K3 NTE CR1 CR2 CR3 CR4 CR5 CR6 CR7 CR8 CRC HI QTY HCP LX SV1 SV2 SV3 SV4 SV5 SV6 SV7 MEA TOO"
    " PS1 HSD IMM OI MIA MOA CAS LIN CTP SVD LQ FRM",
    "835": "BPR NTE TRN CUR REF DTM N1 N2 N3 N4 PER RDM LX TS3 TS2 CLP CAS NM1 MIA MOA AMT QTY SVC"
    " LQ PLB DSB",
    "277": "BHT REF HL NM1 N3 N4 PER DMG TRN STC DTP QTY AMT PWK SVC LX TOO N1 SBR PAT DTM",
    "276": "BHT REF HL NM1 N2 N3 N4 PER DMG TRN DTP AMT SVC SBR PAT TOO PRV",
    "270": "BHT HL TRN NM1 REF N2 N3 N4 PER PRV DMG INS HI DTP MPI EQ AMT VEH III",
    "271": "BHT HL TRN AAA NM1 REF N2 N3 N4 PER PRV DMG INS HI DTP MPI EB HSD MSG VEH PDI PDP LIN"
    " EM SD1 PKD III LS LE AMT",
    "999": "AK1 AK2 IK3 CTX IK4 IK5 AK9",
}
"""Segments of the base transaction sets."""


@cache
def mandatory() -> frozenset[tuple[str, int]]:
    """(segment id, element) of every element that the standard demands."""
    found, name = set(), ""
    for word in _MANDATORY.split():
        if word.isdecimal() and name:
            found.add((name, int(word)))
        else:
            name = word
    return frozenset(found)


@cache
def _known_segments() -> frozenset[str]:
    """Every segment of the sets above, and a few that other health care sets have."""
    others = (
        "INS HD COB ENT RMR ADX IT1 BGN BEG BAK ACT LUI ICM IDC LE LS HCR UM III AAA BPT DN1 EC"
    )
    sets = " ".join(_SETS.values())
    return frozenset(f"{sets} {others}".split())


def segment_fault(name: str, set_id: str) -> str:
    """Which finding a segment is that the guide of this set does not have."""
    if name in _SETS.get(set_id, "").split():
        return "segment-not-used"
    return "segment-foreign" if name in _known_segments() else "segment-unknown"
