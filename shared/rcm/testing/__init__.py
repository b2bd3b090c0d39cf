"""Builders and checkers that any test may use. Nothing here runs in production."""
