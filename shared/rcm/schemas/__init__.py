"""The published contracts, generated from the code and gated: JSON Schema per event and version,
one OpenAPI document per service, one AsyncAPI document, and the reference page of events."""
