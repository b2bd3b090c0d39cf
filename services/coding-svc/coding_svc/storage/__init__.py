"""Tables and queries of coding-svc. Takes and returns domain values; seals and opens persons."""

from coding_svc.storage import charts, documents, encounters, releases

__all__ = ["charts", "documents", "encounters", "releases"]
