"""A search that finds nothing proves something only if it would have found it."""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest

from rcm.testing.canary import Flock


def escaped(text: bytes) -> bytes:
    return "".join(f"\\u{character:04x}" for character in text).encode()


WRAPPINGS: list[Callable[[bytes], bytes]] = [
    lambda text: text,
    bytes.upper,
    base64.b64encode,
    base64.urlsafe_b64encode,
    lambda text: text.hex().encode(),
    lambda text: b"\\\\x" + text.hex().encode(),
    lambda text: quote(text, safe="").replace("z", "%7A").encode(),
    escaped,
    gzip.compress,
    zlib.compress,
    lambda text: base64.b64encode(gzip.compress(text)),
    lambda text: json.dumps({"data": base64.b64encode(text).decode()}).encode(),
    lambda text: base64.b64encode(b"before it, " + text + b" and behind"),
]


@pytest.mark.parametrize("wrap", WRAPPINGS)
def test_a_canary_is_found_in_every_wrapping(wrap: Callable[[bytes], bytes]) -> None:
    birds = Flock()
    name, number, note = birds.name("name"), birds.number("number"), birds.text("note")
    for meaning, text in (("name", name), ("number", number), ("note", note)):
        content = wrap(b"the bird " + text.encode())
        assert birds.found_in(content) == {meaning}


@pytest.mark.parametrize("shape", ["%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%d.%m.%Y"])
def test_a_birth_date_is_found_in_every_format(shape: str) -> None:
    birds = Flock()
    day = birds.birth_date("birth date")
    assert birds.found_in(f"born {day.strftime(shape)}".encode()) == {"birth date"}
    assert birds.found_in(base64.b64encode(day.strftime(shape).encode() * 2)) == {"birth date"}


def test_what_was_not_sent_is_not_found() -> None:
    birds, others = Flock(), Flock()
    content = f"{others.name('x')} {others.birth_date('y')}".encode()
    birds.name("name")
    assert birds.found_in(content) == set()


def test_no_two_canaries_are_the_same() -> None:
    birds = Flock()
    for number in range(200):
        birds.name(f"name {number}")
        birds.birth_date(f"date {number}")
    assert len(birds.meanings) == 200 + 200 * 4
