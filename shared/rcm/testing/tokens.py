"""An issuer of tokens for tests: a real key, real signatures, and its key set over HTTP's shape."""

import time
from dataclasses import dataclass, field
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from rcm.ids import new_id
from rcm.security.jwks import JwksCache
from rcm.security.tokens import Principal, TokenVerifier

ISSUER = "https://issuer.test"
AUDIENCE = "rcm"
JWKS_URL = f"{ISSUER}/jwks.json"


def principal(
    tenant_id: UUID, *scopes: str, roles: tuple[str, ...] = (), subject: str = "test-system"
) -> Principal:
    """A caller of one tenant: `principal(TENANT, "system/Claim.rs")`."""
    return Principal(subject, tenant_id, frozenset(scopes), frozenset(roles), str(new_id()))


@dataclass(slots=True)
class Issuer:
    """Mints access tokens under one ES256 key. `requests` counts how often its keys were asked."""

    issuer: str = ISSUER
    audience: str = AUDIENCE
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": str(new_id())}))
    requests: int = 0

    def jwks(self) -> dict[str, object]:
        """The public key set."""
        return dict(KeySet([self.key]).as_dict(private=False))

    def mint(self, caller: Principal, *, lifetime_s: float = 300.0, **claims: object) -> str:
        """A token for this caller. `claims` replace what would be said; None leaves a claim out."""
        now = time.time()
        said: dict[str, object] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": caller.subject,
            "iat": int(now),
            "exp": int(now + lifetime_s),
            "jti": caller.token_id,
            "tenant": str(caller.tenant_id),
            "scope": " ".join(sorted(caller.scopes)),
            "roles": sorted(caller.roles),
        }
        said.update(claims)
        header = {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt"}
        return jwt.encode(
            header, {name: value for name, value in said.items() if value is not None}, self.key
        )

    def transport(self) -> httpx.AsyncBaseTransport:
        """Answers with the key set, as the issuer's own server would."""

        def answer(request: httpx.Request) -> httpx.Response:
            self.requests += 1
            return httpx.Response(200, json=self.jwks(), request=request)

        return httpx.MockTransport(answer)

    def verifier(self, *, leeway_s: float = 30.0) -> TokenVerifier:
        """A verifier that trusts this issuer alone."""
        keys = JwksCache(JWKS_URL, transport=self.transport())
        return TokenVerifier(keys, issuer=self.issuer, audience=self.audience, leeway_s=leeway_s)
