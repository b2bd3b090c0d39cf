"""The issuer's public keys, fetched once and kept: no request waits for the issuer twice."""

import asyncio
import logging
import time
from typing import Any, cast

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from rcm.errors import Unavailable

PublicKey = ECKey | OKPKey | RSAKey

RSA_BITS_MIN = 2048
ANSWER_BYTES_MAX = 262_144
KEYS_MAX = 100
FETCH_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


class JwksCache:
    """Keys by their id. Fetched when first needed, when older than `lifetime_s`, and when a token
    names an unknown id, but never more often than every `pause_s`: invented ids cost the issuer
    nothing. While the issuer is away, known keys serve on for `stale_s`."""

    def __init__(
        self,
        url: str,
        *,
        lifetime_s: float = 300.0,
        pause_s: float = 10.0,
        stale_s: float = 3600.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._lifetime_s = lifetime_s
        self._pause_s = pause_s
        self._stale_s = stale_s
        self._transport = transport
        self._keys: dict[str, PublicKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()
        self.generation = 0
        """Changes with the keys, so that what was concluded from older ones can go."""

    async def key(self, key_id: str) -> PublicKey | None:
        """The key of this id, or None. Raises `Unavailable` when there are no keys to judge by."""
        await self.keep_fresh()
        if key_id not in self._keys:
            await self._refresh()
        return self._keys.get(key_id)

    async def keep_fresh(self) -> None:
        """Fetch when the keys are old. While one caller does, the others go on with the known."""
        age_s = time.monotonic() - self._fetched_at
        if age_s > self._stale_s or (age_s > self._lifetime_s and not self._fetching.locked()):
            await self._refresh()

    async def _refresh(self) -> None:
        """Fetch again unless that was tried a moment ago; one caller fetches, the others wait."""
        async with self._fetching:
            if time.monotonic() - self._tried_at >= self._pause_s:
                self._tried_at = time.monotonic()
                await self._fetch()
        if time.monotonic() - self._fetched_at > self._stale_s:
            raise Unavailable(
                "token_keys_unavailable",
                "The issuer of tokens does not answer.",
                headers={"Retry-After": str(int(self._pause_s) or 1)},
            )

    async def _fetch(self) -> None:
        """An issuer that is away or answers nonsense changes nothing; the age of the keys tells."""
        try:
            # The client's own limit is for each read, so an answer that trickles would pass it.
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                keys = _public_keys(await self._answer())
        except (httpx.HTTPError, ValueError, TimeoutError, RecursionError) as failure:
            log.warning("token_keys_not_fetched", extra={"error_type": type(failure).__name__})
            return
        self._fetched_at = time.monotonic()
        if _described(keys) != _described(self._keys):
            self._keys = keys
            self.generation += 1

    async def _answer(self) -> dict[str, Any]:
        """The document at the address itself: a redirect is an error, so nobody can send us on."""
        client = httpx.AsyncClient(
            transport=self._transport, timeout=FETCH_TIMEOUT_S, follow_redirects=False
        )
        async with client, client.stream("GET", self._url) as response:
            if response.status_code != 200:
                raise ValueError("the issuer's keys were not answered with 200")
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > ANSWER_BYTES_MAX:
                    raise ValueError("the issuer's keys are too large")
        found = httpx.Response(200, content=content).json()
        match found:
            case {"keys": list()}:
                return cast("dict[str, Any]", found)
        raise ValueError("the issuer's answer is not a key set (RFC 7517)")


def _public_keys(document: dict[str, Any]) -> dict[str, PublicKey]:
    """Signature keys with an id. Others (encryption keys, kinds not known here) are passed over,
    symmetric ones above all: a shared secret in a public document proves nothing."""
    keys: dict[str, PublicKey] = {}
    for found in document["keys"][:KEYS_MAX]:
        if not isinstance(found, dict) or found.get("use", "sig") != "sig":
            continue
        key_id = found.get("kid")
        if not isinstance(key_id, str) or found.get("kty") not in {"EC", "OKP", "RSA"}:
            continue
        # Six bits a character (Base64url); a key that is too short is not even made.
        if found["kty"] == "RSA" and len(str(found.get("n", ""))) * 6 < RSA_BITS_MIN:
            continue
        try:
            key = import_key(found)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, ECKey | OKPKey | RSAKey):
            keys[key_id] = key
    return keys


def _described(keys: dict[str, PublicKey]) -> dict[str, dict[str, Any]]:
    return {key_id: dict(key.dict_value) for key_id, key in keys.items()}
