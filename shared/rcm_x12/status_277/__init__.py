"""277, 005010X212: what the payer says has become of a claim.

write(envelope: Envelope, responses: Sequence[Response]) -> bytes
read(content: bytes) -> Reading[Response]  (a 277CA, 005010X214, is another set: status_277ca)

    Response                               one ST: BHT
      .sources: ResponseSource             2000A, `payer`, `contact`
        .receivers: ResponseReceiver       2000B, `submitter`, `trace_number`, `statuses`
          .providers: ResponseProvider     2000C, `names`, `trace_number`, `statuses`
            .subscribers: Subscriber       2000D, `person`, `claims`
              .dependents: Dependent       2000E, `person`, `claims`

`Response.claims` runs through every `ClaimStatus`; its `trace_number` is TRN02 of the 276. A claim
has all `statuses` that the payer tells; `ClaimStatus.current` is the newest by STC02.
"""

from rcm_x12.claim_status import Person
from rcm_x12.status_277.reader import read
from rcm_x12.status_277.values import (
    ClaimStatus,
    Dependent,
    Response,
    ResponseProvider,
    ResponseReceiver,
    ResponseSource,
    ServiceStatus,
    Status,
    StatusCode,
    Subscriber,
)
from rcm_x12.status_277.writer import write

__all__ = [
    "ClaimStatus",
    "Dependent",
    "Person",
    "Response",
    "ResponseProvider",
    "ResponseReceiver",
    "ResponseSource",
    "ServiceStatus",
    "Status",
    "StatusCode",
    "Subscriber",
    "read",
    "write",
]
