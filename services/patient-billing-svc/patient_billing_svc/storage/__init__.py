"""Accounts, charges, payments and statements: every query of this service."""
