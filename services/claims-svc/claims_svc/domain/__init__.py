"""The mind of claims-svc: what a claim is, what may be sent, and what a payer's answer means."""
