"""Files in, files out: `-` is standard input, and every failure is one sentence."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console

from rcm_x12.findings import NotX12, X12Error

CLEAN: Final = 0
BLOCKED: Final = 1
NOT_X12: Final = 2
_CHUNK_BYTES: Final = 256 * 1024

File = Annotated[str, typer.Argument(help="The file, or - for standard input.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write here and not to standard output.")
]
Result = TypeVar("Result")
Given = ParamSpec("Given")


def fail(sentence: str) -> NoReturn:
    """End with one sentence on standard error."""
    Console(stderr=True).print(sentence, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(NOT_X12)


def content_of(file: str) -> bytes:
    """The whole file."""
    return b"".join(chunks_of(file))


def chunks_of(file: str) -> Iterator[bytes]:
    """The file piece by piece."""
    if file == "-":
        yield from iter(lambda: sys.stdin.buffer.read(_CHUNK_BYTES), b"")
        return
    try:
        with Path(file).open("rb") as opened:
            yield from iter(lambda: opened.read(_CHUNK_BYTES), b"")
    except OSError as error:
        fail(f"{file}: it cannot be read ({error.strerror})")


def understood(
    file: str, act: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    """What `act` makes of the file; one sentence when it is no X12."""
    try:
        return act(*args, **kwargs)
    except NotX12 as error:
        fail(f"{file}: it is not X12: {error}")
    except X12Error as error:
        fail(f"{file}: {error}")


def put(content: bytes, output: Path | None) -> None:
    """Bytes to a file or to standard output, untouched."""
    if output is not None:
        try:
            output.write_bytes(content)
        except OSError as error:
            fail(f"{output}: it cannot be written ({error.strerror})")
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
