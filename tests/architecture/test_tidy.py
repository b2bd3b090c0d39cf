"""The house rules that a linter does not know: sizes, words, and who may do what.

Each rule is a function from a file to findings; each has a deliberate breach below that it catches.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES, FUNCTION_LINES, POSITIONAL = 400, 50, 4
BANNED_NAMES = {"utils", "util", "helper", "helpers", "manager", "misc", "common"}
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error")
# These modules are what "nobody but rcm" means.
MAY_COMMIT = {"shared/rcm"}
MONEY_WORDS = ("cents", "amount", "paid", "charge", "balance", "price")

Rule = Callable[[str, ast.Module, str], Iterator[str]]


def sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).exists()]


def product(path: str) -> bool:
    return path.startswith(("shared/", "services/", "deploy/"))


def sizes(path: str, tree: ast.Module, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if product(path) and lines > MODULE_LINES:
        yield f"{path}: {lines} lines; a room becomes a package at 300"
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not product(path):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        # A migration is SQL; its tables are read, not stepped through.
        if length > FUNCTION_LINES and "/migrations/" not in path:
            yield f"{path}:{node.lineno} {node.name}: {length} lines"
        named = [a for a in node.args.posonlyargs + node.args.args if a.arg not in {"self", "cls"}]
        decorated = any(
            "router." in ast.unparse(d) or "app." in ast.unparse(d) for d in node.decorator_list
        )
        if len(named) > POSITIONAL and not decorated:
            yield f"{path}:{node.lineno} {node.name}: {len(named)} positional parameters"


def names(path: str, tree: ast.Module, text: str) -> Iterator[str]:
    del tree, text
    if product(path) and BANNED_NAMES & {part.removesuffix(".py") for part in Path(path).parts}:
        yield f"{path}: a name that says nothing"


def finished(path: str, tree: ast.Module, text: str) -> Iterator[str]:
    del tree
    for number, line in enumerate(text.splitlines(), 1):
        if product(path) and any(word in line for word in UNFINISHED):
            yield f"{path}:{number}: unfinished"


def commits(path: str, tree: ast.Module, text: str) -> Iterator[str]:
    """Only rcm commits, rolls back, or opens connections of its own."""
    del text
    if not product(path) or any(path.startswith(place) for place in MAY_COMMIT):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            if node.func.attr in {"commit", "rollback"} and "services/" in path:
                yield f"{path}:{node.lineno} {called}: only rcm ends a transaction"
            if called in {"asyncpg.connect", "asyncpg.create_pool"} and "services/" in path:
                yield f"{path}:{node.lineno} {called}: only rcm.db connects"


def money(path: str, tree: ast.Module, text: str) -> Iterator[str]:
    """No float near money: no float() call, annotation, literal or true division on an amount."""
    del text
    if not product(path):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            name = ast.unparse(node.target) if isinstance(node, ast.AnnAssign) else node.arg
            if "float" in ast.unparse(node.annotation) and _is_money(name):
                yield f"{path}:{node.lineno} {name}: an amount is integer cents"
        if _divides_money(node):
            yield f"{path}:{node.lineno}: true division of an amount"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
            yield from (
                f"{path}:{node.lineno}: float() of an amount"
                for argument in node.args
                if _is_money(ast.unparse(argument))
            )


def _divides_money(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and _is_money(ast.unparse(node.left))
        and "Decimal" not in ast.unparse(node)
    )


def _is_money(name: str) -> bool:
    return any(word in name.lower() for word in MONEY_WORDS) and not name.endswith("_s")


def standard_library_only(path: str, tree: ast.Module, text: str) -> Iterator[str]:
    del text
    if not path.startswith("shared/rcm_x12/"):
        return
    for node in ast.walk(tree):
        imported = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported = [node.module or ""]
        for name in imported:
            if name.split(".")[0] not in sys.stdlib_module_names | {"rcm_x12"}:
                yield f"{path}:{node.lineno} imports {name}"


RULES: list[Rule] = [sizes, names, finished, commits, money, standard_library_only]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_is_tidy(rule: Rule) -> None:
    found = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        found += list(rule(str(path.relative_to(ROOT)), ast.parse(text), text))
    assert found == []


BREACHES = [
    (sizes, "services/x/x/api.py", "x = 1\n" * 401),
    (sizes, "services/x/x/api.py", "def long():\n" + "    x = 1\n" * 51),
    (sizes, "services/x/x/api.py", "def wide(a, b, c, d, e): ...\n"),
    (names, "shared/rcm/utils.py", ""),
    (finished, "shared/rcm/db.py", "# TO" + "DO later\n"),
    (commits, "services/x/x/handlers.py", "async def f(tx): await tx.connection.commit()\n"),
    (
        commits,
        "services/x/x/storage.py",
        "import asyncpg\nasync def f(): await asyncpg.connect('')\n",
    ),
    (money, "services/x/x/domain/a.py", "paid_cents: float = 1\n"),
    (money, "services/x/x/domain/a.py", "half = paid_cents / 2\n"),
    (money, "services/x/x/domain/a.py", "a = float(charge_cents)\n"),
    (standard_library_only, "shared/rcm_x12/a.py", "import pydantic\n"),
    (standard_library_only, "shared/rcm_x12/a.py", "from rcm.money import Cents\n"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BREACHES)
def test_each_rule_catches_its_breach(rule: Rule, path: str, text: str) -> None:
    assert list(rule(path, ast.parse(text), text))
