"""276, 005010X212: what has become of this claim?

write(envelope: Envelope, inquiries: Sequence[Inquiry]) -> bytes
read(content: bytes) -> Reading[Inquiry]
ask(...) -> Inquiry                        one claim of one patient

    Inquiry                                one ST: BHT
      .sources: InquirySource              2000A, `payer`
        .receivers: InquiryReceiver        2000B, `submitter`
          .providers: InquiryProvider      2000C, `names`
            .subscribers: Subscriber       2000D, `person`, `claims`
              .dependents: Dependent       2000E, `person`, `claims`

`Inquiry.claims` runs through every `ClaimInquiry`. Its `trace_number` (TRN*1) comes back as
`trace_number` (TRN*2) of the 277's claim.
"""

from rcm_x12.claim_status import Person
from rcm_x12.status_276.reader import read
from rcm_x12.status_276.values import (
    ClaimInquiry,
    Dependent,
    Inquiry,
    InquiryProvider,
    InquiryReceiver,
    InquirySource,
    ServiceInquiry,
    Subscriber,
    ask,
)
from rcm_x12.status_276.writer import write

__all__ = [
    "ClaimInquiry",
    "Dependent",
    "Inquiry",
    "InquiryProvider",
    "InquiryReceiver",
    "InquirySource",
    "Person",
    "ServiceInquiry",
    "Subscriber",
    "ask",
    "read",
    "write",
]
