"""Which failures pass by themselves, and what may be said of the others."""

from rcm.db import RETRYABLE_SQLSTATES, DatabaseUnavailable, StatementFailed
from rcm.events.items import Fault

# Lock not available, statement timeout; by class: insufficient resources, the system's own errors.
_PASSING = RETRYABLE_SQLSTATES | {"55P03", "57014"}
_PASSING_CLASSES = ("53", "58")


def is_transient(error: BaseException) -> bool:
    """Whether the same batch may well succeed a moment later."""
    if isinstance(error, DatabaseUnavailable):
        return True
    return isinstance(error, StatementFailed) and (
        error.sqlstate in _PASSING or error.sqlstate.startswith(_PASSING_CLASSES)
    )


def fault_of(error: Exception) -> Fault:
    """A handler's failure: its type and what the database said. Never the exception's own text,
    which may quote a patient."""
    detail = str(error) if isinstance(error, StatementFailed) else ""
    return Fault("handler", type(error).__name__, detail)
