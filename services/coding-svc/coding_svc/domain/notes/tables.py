"""How the rules are kept: text files, a line a rule, `#` begins a comment, `=` parts two sides."""

from collections.abc import Iterator
from importlib.resources import files


def lines(package: str, name: str) -> Iterator[str]:
    """The rules of a table, without comments and empty lines."""
    for line in files(package).joinpath("rules", name).read_text(encoding="utf-8").splitlines():
        rule = line.partition("#")[0].strip()
        if rule:
            yield rule


def pairs(package: str, name: str) -> Iterator[tuple[str, str]]:
    """Tables whose lines are `left = right`."""
    for line in lines(package, name):
        left, found, right = line.partition("=")
        if not found:
            raise ValueError(f"{name}: a line is not of the form left = right")
        yield left.strip(), right.strip()


def listed(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())
