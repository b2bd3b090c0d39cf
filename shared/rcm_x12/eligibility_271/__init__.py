"""271, 005010X279A1: what the payer says of a patient's coverage.

write(envelope: Envelope, responses: Sequence[Response]) -> bytes
read(content: bytes) -> Reading[Response]

    Response                               one ST: BHT (reference = BHT03 of the 270)
      .sources: ResponseSource             2000A, `source`, `rejections`, `contacts`
        .receivers: ResponseReceiver       2000B, `receiver`, `rejections`
          .subscribers: Subscriber         2000C, `member`, `traces`, `rejections`, `benefits`
            .dependents: Dependent         2000D, the same of a dependent

`Response.patients` runs through everyone answered for as `Answered` (subscriber, dependent or
None), and `Response.rejections` through every AAA with its loop. A `Benefit` is one EB with all
beneath it: `amount_cents` is money, `share_ppm` a share of the charge in millionths (200000 is
20 %). A payer may answer a dependent's inquiry with a subscriber: match by `traces`, not by level.
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
from rcm_x12.eligibility_271.benefits import Benefit, Delivery, Entity, Rejection
from rcm_x12.eligibility_271.reader import read
from rcm_x12.eligibility_271.values import (
    Answered,
    Dependent,
    MilitaryService,
    Response,
    ResponseReceiver,
    ResponseSource,
    Subscriber,
)
from rcm_x12.eligibility_271.writer import write

__all__ = [
    "Answered",
    "Benefit",
    "Delivery",
    "Dependent",
    "Diagnosis",
    "Entity",
    "Identification",
    "Industry",
    "Member",
    "MilitaryService",
    "ProviderRole",
    "Receiver",
    "Rejection",
    "Relationship",
    "Response",
    "ResponseReceiver",
    "ResponseSource",
    "Source",
    "Subscriber",
    "Trace",
    "read",
    "write",
]
