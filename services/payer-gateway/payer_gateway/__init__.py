"""The gateway between our claims and the payers."""
