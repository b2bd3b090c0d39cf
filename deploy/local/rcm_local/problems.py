"""What keeps the local stack from running, as one sentence that says what to do about it."""

# `make setup` alone believes its own mark that all is there.
REINSTALL = "delete .venv and run `make setup`"


class LocalProblem(Exception):  # noqa: N818 - a sentence for a person, not a defect
    """Something about this machine. Its text is shown as it is, without a traceback."""
