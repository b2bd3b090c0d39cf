"""Who may do what, what is sealed, and what was done: tokens, policy, keys and the audit chain."""
