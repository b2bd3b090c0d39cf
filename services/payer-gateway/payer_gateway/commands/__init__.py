"""Verbs of the `rcm` command line that need nothing but files."""
