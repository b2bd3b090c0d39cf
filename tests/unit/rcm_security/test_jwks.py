"""The issuer's keys: asked for rarely, whatever callers invent, and never taken from elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from rcm.errors import Unavailable
from rcm.security.jwks import KEYS_MAX, JwksCache
from rcm.testing.tokens import JWKS_URL, Issuer

Answer = Callable[[httpx.Request], httpx.Response]


class Provider:
    """An identity provider whose next answer can be chosen."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.issuer = Issuer()
        self.answer: Answer = answer or (lambda _: httpx.Response(200, json=self.issuer.jwks()))
        self.asked: list[str] = []

    def cache(self, **options: float) -> JwksCache:
        return JwksCache(JWKS_URL, transport=httpx.MockTransport(self._handle), **options)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        await asyncio.sleep(0)
        return self.answer(request)


def away(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


async def test_many_callers_at_once_ask_once() -> None:
    provider = Provider()
    cache = provider.cache()
    found = await asyncio.gather(*(cache.key(str(provider.issuer.key.kid)) for _ in range(50)))
    assert all(key is not None for key in found)
    assert len(provider.asked) == 1


async def test_invented_key_ids_cost_the_issuer_nothing() -> None:
    provider = Provider()
    cache = provider.cache(pause_s=60)
    assert await cache.key(str(provider.issuer.key.kid))
    for number in range(100):
        assert await cache.key(f"invented-{number}") is None
    assert len(provider.asked) == 1


async def test_a_new_key_is_fetched_when_a_token_names_it() -> None:
    provider = Provider()
    cache = provider.cache(pause_s=0)
    assert await cache.key(str(provider.issuer.key.kid))
    provider.issuer.key = ECKey.generate_key("P-256", {"kid": "new"})
    assert await cache.key("new")
    assert len(provider.asked) == 2


async def test_known_keys_serve_on_while_the_issuer_is_away() -> None:
    provider = Provider()
    cache = provider.cache(lifetime_s=0, pause_s=0)
    key_id = str(provider.issuer.key.kid)
    assert await cache.key(key_id)
    provider.answer = away
    assert await cache.key(key_id)
    stale = provider.cache(lifetime_s=0, pause_s=0, stale_s=0)
    with pytest.raises(Unavailable, match="token_keys_unavailable"):
        await stale.key(key_id)


async def trickle() -> AsyncIterator[bytes]:
    """A byte now and then, each in time for the client's patience with a single read."""
    while True:
        yield b" "
        await asyncio.sleep(0.02)


ANSWERS: list[tuple[str, Answer]] = [
    ("away", away),
    ("an error", lambda _: httpx.Response(500)),
    ("a redirect", lambda _: httpx.Response(302, headers={"Location": "http://169.254.169.254/"})),
    ("no JSON", lambda _: httpx.Response(200, text="<html>")),
    ("a list", lambda _: httpx.Response(200, json=[])),
    ("no keys", lambda _: httpx.Response(200, json={"issuer": "x"})),
    ("a flood", lambda _: httpx.Response(200, content=b" " * 300_000)),
    ("a depth", lambda _: httpx.Response(200, content=b"[" * 200_000)),
    ("a trickle", lambda _: httpx.Response(200, content=trickle())),
]


@pytest.mark.parametrize("answer", [case[1] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
@pytest.mark.timeout(10)
async def test_without_the_issuers_keys_nobody_is_judged(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rcm.security.jwks.FETCH_TIMEOUT_S", 0.3)
    provider = Provider(answer)
    with pytest.raises(Unavailable) as refusal:
        await provider.cache().key("any")
    assert refusal.value.status == 503
    assert int(refusal.value.headers["Retry-After"]) > 0
    assert provider.asked == [JWKS_URL]


async def test_only_public_signature_keys_of_enough_strength_are_taken() -> None:
    good = ECKey.generate_key("P-256", {"kid": "good"})
    with pytest.warns(match="2048"):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    document: dict[str, Any] = {
        "keys": [
            OctKey.generate_key(256, {"kid": "shared"}).as_dict(private=True),
            ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"}).as_dict(private=False),
            weak.as_dict(private=False),
            {"kty": "EC", "kid": "broken", "crv": "P-256", "x": "AA", "y": "AA"},
            {"kty": "LATTICE", "kid": "unknown"},
            {"kty": "EC", "crv": "P-256"},
            "nonsense",
            *KeySet([good]).as_dict(private=False)["keys"],
        ]
    }
    provider = Provider(lambda _: httpx.Response(200, json=document))
    cache = provider.cache(pause_s=60)
    assert await cache.key("good")
    for key_id in ("shared", "enc", "weak", "broken", "unknown"):
        assert await cache.key(key_id) is None


async def test_more_keys_than_anybody_needs_are_not_read() -> None:
    key = ECKey.generate_key("P-256", {"kid": "k"}).as_dict(private=False)
    document = {"keys": [dict(key) | {"kid": f"k{number}"} for number in range(KEYS_MAX + 1)]}
    cache = Provider(lambda _: httpx.Response(200, json=document)).cache(pause_s=60)
    assert await cache.key(f"k{KEYS_MAX - 1}")
    assert await cache.key(f"k{KEYS_MAX}") is None
