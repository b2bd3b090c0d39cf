"""The mind of coding-svc: what an encounter is, and when its codes may leave."""
