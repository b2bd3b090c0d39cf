"""Who calls: an OAuth 2.0 access token (JWT, RFC 9068) from the shop's own identity provider.

A token is believed when its signature is by a key that the issuer publishes, under an algorithm
that this service was told to accept, and its claims say: from our issuer, for us, for now, who, and
for which tenant. An access token serves many calls, so its `jti` names it and is not single-use;
single use is the rule for client assertions, which the identity provider checks.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self
from uuid import UUID

import httpx
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import CompactSignature, JWSRegistry
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rcm.clock import Clock, SystemClock
from rcm.errors import Unauthorized
from rcm.security.jwks import JwksCache, PublicKey
from rcm.settings import Settings

TOKEN_CHARACTERS_MAX = 8192
VERIFIED_MAX = 4096
# Key type and curve that each accepted algorithm takes; nothing symmetric can be configured.
ALGORITHMS: dict[str, tuple[str, str | None]] = {
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
    "RS256": ("RSA", None),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: a system, or a person acting through one."""

    subject: str
    tenant_id: UUID
    scopes: frozenset[str]
    roles: frozenset[str]
    token_id: str


def _words(value: object) -> object:
    return value.split() if isinstance(value, str) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
Seconds = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Claims(BaseModel):
    """The claims that count; others are the identity provider's own business."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    iss: Name
    aud: Annotated[list[str], BeforeValidator(_as_list)]
    exp: Seconds
    nbf: Seconds = -math.inf
    iat: Seconds = -math.inf
    sub: Name
    jti: Name
    tenant: UUID
    scope: Annotated[list[str], BeforeValidator(_words)] = []
    roles: list[str] = []

    def principal(self) -> Principal:
        return Principal(
            self.sub, self.tenant, frozenset(self.scope), frozenset(self.roles), self.jti
        )


class _Registry(JWSRegistry):
    """Exactly the configured algorithms. `EdDSA` is accepted by its old name without the library's
    warning (RFC 9864), because that is what identity providers still send."""

    max_header_length = 2048
    max_payload_length = TOKEN_CHARACTERS_MAX

    def get_alg(self, name: str) -> Any:
        if not isinstance(name, str) or name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError("not accepted")
        return self.algorithms[name]


class TokenVerifier:
    """Turns a bearer token into a `Principal`, or refuses with `Unauthorized`.

    What was verified is remembered until the token expires or the issuer's keys change, since a
    client calls many times with one token and the signature is most of the cost.
    """

    def __init__(
        self,
        keys: JwksCache,
        *,
        issuer: str,
        audience: str,
        algorithms: Sequence[str] = ("ES256",),
        leeway_s: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        if not algorithms or set(algorithms) - set(ALGORITHMS):
            raise ValueError(f"tokens are accepted under {', '.join(ALGORITHMS)} and nothing else")
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._registry = _Registry(algorithms=list(algorithms), strict_check_header=False)
        self._leeway_s = leeway_s
        self._clock = clock or SystemClock()
        self._verified: dict[str, Claims] = {}
        self._generation = -1

    @classmethod
    def of(cls, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> Self:
        """The verifier that a service's settings ask for."""
        return cls(
            JwksCache(settings.jwks_url, transport=transport),
            issuer=settings.issuer,
            audience=settings.audience,
            algorithms=settings.token_algorithms,
        )

    async def verify(self, token: str) -> Principal:
        """The caller that the token proves. Raises `Unauthorized`, or `Unavailable` when the
        issuer's keys cannot be had."""
        await self._keys.keep_fresh()
        claims = self._remembered(token)
        if claims is None:
            claims = _claims(await self._payload(token))
            self._check_parties(claims)
            self._remember(token, claims)
        self._check_times(claims)
        return claims.principal()

    async def _payload(self, token: str) -> bytes:
        """The payload under a good signature. Nothing in it was looked at before."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise refused("token_too_large", "The token is too large.")
        signed = _parsed(token, self._registry)
        header = signed.headers()
        # Nothing here understands an extension that must be understood (RFC 7515, 4.1.11).
        if "crit" in header or header.get("typ", "JWT").lower() not in {"jwt", "at+jwt"}:
            raise refused("token_malformed", "The token's header is not an access token's.")
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in (self._registry.allowed or ()):
            raise refused("token_algorithm", "The token's algorithm is not accepted here.")
        if not isinstance(key_id, str):
            raise refused("token_key_unknown", "The token does not name its key.")
        key = await self._keys.key(key_id)
        if key is None or not _fits(key, algorithm):
            raise refused("token_key_unknown", "The token's key is not one of the issuer's.")
        try:
            good = jws.validate_compact(signed, key, registry=self._registry)
        except (JoseError, ValueError, TypeError):
            good = False
        if not good:
            raise refused("token_signature", "The token's signature is not the issuer's.")
        return signed.payload

    def _check_parties(self, claims: Claims) -> None:
        if claims.iss != self._issuer:
            raise refused("token_issuer", "The token is from another issuer.")
        if self._audience not in claims.aud:
            raise refused("token_audience", "The token is meant for another service.")

    def _check_times(self, claims: Claims) -> None:
        now = self._clock.now().timestamp()
        if now >= claims.exp + self._leeway_s:
            raise refused("token_expired", "The token has expired.")
        if now < max(claims.nbf, claims.iat) - self._leeway_s:
            raise refused("token_not_yet_valid", "The token is not valid yet.")

    def _remembered(self, token: str) -> Claims | None:
        if self._generation != self._keys.generation:
            self._verified.clear()
            self._generation = self._keys.generation
        return self._verified.get(token)

    def _remember(self, token: str, claims: Claims) -> None:
        if len(self._verified) >= VERIFIED_MAX:
            self._verified.clear()
        self._verified[token] = claims


def refused(error_name: str, detail: str) -> Unauthorized:
    """401 as RFC 6750 wants it. Says which check failed, never what the token held."""
    challenge = f'Bearer error="invalid_token", error_description="{detail}"'
    return Unauthorized(error_name, detail, headers={"WWW-Authenticate": challenge})


def _parsed(token: str, registry: JWSRegistry) -> CompactSignature:
    try:
        signed = jws.extract_compact(token.encode("ascii"), registry=registry)
        header = signed.headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise refused("token_malformed", "The token is not a signed JWT.") from None
    if not isinstance(header, dict) or not isinstance(header.get("typ", ""), str):
        raise refused("token_malformed", "The token is not a signed JWT.")
    return signed


def _fits(key: PublicKey, algorithm: str) -> bool:
    """A key serves the one algorithm that it is made for, whatever the token's header says."""
    key_type, curve = ALGORITHMS[algorithm]
    described: dict[str, Any] = dict(key.dict_value)
    return (
        key.key_type == key_type
        and (curve is None or described.get("crv") == curve)
        and described.get("alg", algorithm) == algorithm
    )


def _claims(payload: bytes) -> Claims:
    try:
        return Claims.model_validate_json(payload)
    except ValidationError as found:
        raise refused(
            "token_claims", f"The token's claims are unusable: {_names(found)}."
        ) from None


def _names(found: ValidationError) -> str:
    names: Iterable[str] = {str(error["loc"][0]) for error in found.errors() if error["loc"]}
    return ", ".join(sorted(names)) or "not an object"
