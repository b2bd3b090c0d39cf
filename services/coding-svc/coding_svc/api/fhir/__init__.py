"""FHIR R4 at the door: a Bundle becomes visits, or exact findings of what is wrong with it.

`bundle` checks every resource by the models of `fhir.resources` and resolves every reference;
`people` and `services` read patients, coverages, providers, codes and notes out of them; `visits`
puts a visit together. Nothing of a Bundle is ever quoted.
"""

from coding_svc.api.fhir.bundle import Read
from coding_svc.api.fhir.visits import read_bundle

__all__ = ["Read", "read_bundle"]
