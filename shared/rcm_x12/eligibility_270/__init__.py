"""270, 005010X279A1: is this patient covered, and for what?

write(envelope: Envelope, inquiries: Sequence[Inquiry]) -> bytes
read(content: bytes) -> Reading[Inquiry]
ask(...) -> Inquiry                        one patient, as a real-time inquiry wants it

    Inquiry                                one ST: BHT and who is asked
      .sources: InquirySource              2000A, `source` the payer
        .receivers: InquiryReceiver        2000B, `receiver` the provider
          .subscribers: Subscriber         2000C, `member`, `traces`, `questions`
            .dependents: Dependent         2000D, `member`, `traces`, `questions`

`Inquiry.patients` runs through all who are asked about. `Source`, `Receiver`, `Member`, `Trace` and
what they hold are shared with 271 and live in `rcm_x12.eligibility`.
"""

from rcm_x12.eligibility import (
    Diagnosis,
    Identification,
    Industry,
    Member,
    ProviderRole,
    Receiver,
    Relationship,
    Source,
    Trace,
)
from rcm_x12.eligibility_270.reader import read
from rcm_x12.eligibility_270.values import (
    Dependent,
    Inquiry,
    InquiryReceiver,
    InquirySource,
    Question,
    Subscriber,
    ask,
)
from rcm_x12.eligibility_270.writer import write

__all__ = [
    "Dependent",
    "Diagnosis",
    "Identification",
    "Industry",
    "Inquiry",
    "InquiryReceiver",
    "InquirySource",
    "Member",
    "ProviderRole",
    "Question",
    "Receiver",
    "Relationship",
    "Source",
    "Subscriber",
    "Trace",
    "ask",
    "read",
    "write",
]
