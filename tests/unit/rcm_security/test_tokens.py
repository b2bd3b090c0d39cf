"""Tokens: every known way to forge one is refused, with its own name and nothing of its content."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from rcm.errors import Unauthorized
from rcm.security.jwks import JwksCache
from rcm.security.tokens import TokenVerifier
from rcm.testing.tokens import AUDIENCE, ISSUER, JWKS_URL, Issuer, principal

TENANT = UUID("7e57c0de-0000-4000-8000-000000000001")
CALLER = principal(TENANT, "system/Claim.rs", roles=("biller",), subject="clinic-7")

Forge = Callable[[Issuer], str]


class FixedClock:
    """A clock that is set by hand."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return self.moment.date()


def encoded(part: object) -> str:
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def claims_of(issuer: Issuer) -> dict[str, Any]:
    payload = issuer.mint(CALLER).split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return found


def signed(issuer: Issuer, header: dict[str, Any], payload: bytes | None = None) -> str:
    """A token with any header and payload, under the issuer's own key."""
    content = payload or json.dumps(claims_of(issuer)).encode()
    head = {"alg": "ES256", "kid": issuer.key.kid} | header
    signing_input = f"{encoded(head)}.{encoded(content)}".encode()
    algorithm = jws.JWSRegistry.algorithms["ES256"]
    return f"{signing_input.decode()}.{encoded(algorithm.sign(signing_input, issuer.key))}"


def unsigned(issuer: Issuer, algorithm: str) -> str:
    header = {"alg": algorithm, "kid": issuer.key.kid, "typ": "JWT"}
    return f"{encoded(header)}.{encoded(claims_of(issuer))}."


def keyed_with_public_key(issuer: Issuer) -> str:
    """HS256 with the published key as the secret: the classic confusion."""
    secret = issuer.key.raw_value.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "kid": issuer.key.kid}
    signing_input = f"{encoded(header)}.{encoded(claims_of(issuer))}".encode()
    key = OctKey.import_key(base64.b64encode(secret))
    signature = jws.JWSRegistry.algorithms["HS256"].sign(signing_input, key)
    return f"{signing_input.decode()}.{encoded(signature)}"


def by_another_key(issuer: Issuer) -> str:
    """Signed by a stranger who names the issuer's key."""
    stranger = Issuer(key=ECKey.generate_key("P-256", {"kid": issuer.key.kid}))
    return stranger.mint(CALLER)


def with_its_own_key(issuer: Issuer) -> str:
    """A stranger who brings the key along in the header."""
    stranger = Issuer(key=ECKey.generate_key("P-256", {"kid": issuer.key.kid}))
    header = {"jwk": stranger.jwks()["keys"][0], "kid": issuer.key.kid}  # type: ignore[index]
    return signed(stranger, header)


def with_changed_payload(issuer: Issuer) -> str:
    header, _, signature = issuer.mint(CALLER).split(".")
    claims = claims_of(issuer) | {"tenant": "7e57c0de-0000-4000-8000-000000000002"}
    return f"{header}.{encoded(claims)}.{signature}"


def with_zeros_for_signature(issuer: Issuer) -> str:
    return f"{issuer.mint(CALLER).rsplit('.', 1)[0]}.{encoded(bytes(64))}"


def with_endless_expiry(issuer: Issuer) -> str:
    return signed(issuer, {}, json.dumps(claims_of(issuer) | {"exp": float("inf")}).encode())


MALFORMED = "token_malformed"

FORGERIES: list[tuple[str, Forge, str]] = [
    ("no signature: none", lambda i: unsigned(i, "none"), "token_algorithm"),
    ("no signature: None", lambda i: unsigned(i, "None"), "token_algorithm"),
    ("no signature: ES256", lambda i: unsigned(i, "ES256"), "token_signature"),
    ("HS256 with the public key", keyed_with_public_key, "token_algorithm"),
    ("another key, same id", by_another_key, "token_signature"),
    ("a key in the header", with_its_own_key, "token_signature"),
    ("another tenant written in", with_changed_payload, "token_signature"),
    ("zeros for r and s", with_zeros_for_signature, "token_signature"),
    ("an unknown key", lambda i: signed(i, {"kid": "nobody"}), "token_key_unknown"),
    ("no key", lambda i: signed(i, {"kid": None}), "token_key_unknown"),
    ("a list for a key", lambda i: signed(i, {"kid": ["a"]}), "token_key_unknown"),
    ("a path for a key", lambda i: signed(i, {"kid": "../../dev/null"}), "token_key_unknown"),
    ("a critical extension", lambda i: signed(i, {"crit": ["b64"], "b64": False}), MALFORMED),
    ("an unknown critical extension", lambda i: signed(i, {"crit": ["x"], "x": 1}), MALFORMED),
    ("an empty crit", lambda i: signed(i, {"crit": []}), MALFORMED),
    ("another kind of token", lambda i: signed(i, {"typ": "logout+jwt"}), MALFORMED),
    ("a number for a kind", lambda i: signed(i, {"typ": 5}), MALFORMED),
    ("a list for an algorithm", lambda i: signed(i, {"alg": ["ES256"]}), "token_algorithm"),
    ("another algorithm of the family", lambda i: signed(i, {"alg": "ES384"}), "token_algorithm"),
    ("RS256 with an EC key", lambda i: signed(i, {"alg": "RS256"}), "token_algorithm"),
    ("64 KB", lambda i: i.mint(CALLER, padding="x" * 65_536), "token_too_large"),
    ("nothing", lambda _: "", MALFORMED),
    ("dots", lambda _: "..", MALFORMED),
    ("five parts", lambda _: "a.b.c.d.e", MALFORMED),
    ("no Base64", lambda _: "ä.ö.ü", MALFORMED),
    ("a header that is a list", lambda _: f"{encoded([])}.{encoded({})}.eA", MALFORMED),
    ("a deep header", lambda _: f"{encoded(b'[' * 1400)}.{encoded({})}.eA", MALFORMED),
    ("a payload that is a list", lambda i: signed(i, {}, b"[1]"), "token_claims"),
    ("a payload that is no JSON", lambda i: signed(i, {}, b"\xff\xfe"), "token_claims"),
    ("another issuer", lambda i: i.mint(CALLER, iss="https://elsewhere.test"), "token_issuer"),
    ("an issuer with a slash", lambda i: i.mint(CALLER, iss=ISSUER + "/"), "token_issuer"),
    ("no issuer", lambda i: i.mint(CALLER, iss=None), "token_claims"),
    ("another audience", lambda i: i.mint(CALLER, aud="other"), "token_audience"),
    ("other audiences", lambda i: i.mint(CALLER, aud=["a", "b"]), "token_audience"),
    ("a part of the audience", lambda i: i.mint(CALLER, aud="rcm-other"), "token_audience"),
    ("no audience", lambda i: i.mint(CALLER, aud=None), "token_claims"),
    ("expired", lambda i: i.mint(CALLER, lifetime_s=-60), "token_expired"),
    ("no expiry", lambda i: i.mint(CALLER, exp=None), "token_claims"),
    ("an expiry as text", lambda i: i.mint(CALLER, exp="9999999999"), "token_claims"),
    ("an expiry that is true", lambda i: i.mint(CALLER, exp=True), "token_claims"),
    ("an endless expiry", with_endless_expiry, "token_claims"),
    ("not valid yet", lambda i: i.mint(CALLER, nbf=time.time() + 120), "token_not_yet_valid"),
    ("issued later", lambda i: i.mint(CALLER, iat=time.time() + 120), "token_not_yet_valid"),
    ("no subject", lambda i: i.mint(CALLER, sub=None), "token_claims"),
    ("an empty subject", lambda i: i.mint(CALLER, sub=""), "token_claims"),
    ("a subject with NUL", lambda i: i.mint(CALLER, sub="a\x00b"), "token_claims"),
    ("no id", lambda i: i.mint(CALLER, jti=None), "token_claims"),
    ("no tenant", lambda i: i.mint(CALLER, tenant=None), "token_claims"),
    ("a tenant that is no UUID", lambda i: i.mint(CALLER, tenant="north"), "token_claims"),
    ("two tenants", lambda i: i.mint(CALLER, tenant=[str(TENANT)]), "token_claims"),
    ("roles as text", lambda i: i.mint(CALLER, roles="admin"), "token_claims"),
    ("a scope that is a number", lambda i: i.mint(CALLER, scope=7), "token_claims"),
]  # fmt: skip


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.mark.parametrize(
    ("forge", "error_name"), [case[1:] for case in FORGERIES], ids=[case[0] for case in FORGERIES]
)
async def test_a_forged_or_unfit_token_is_refused(
    issuer: Issuer, forge: Forge, error_name: str
) -> None:
    token = forge(issuer)
    with pytest.raises(Unauthorized) as refusal:
        await issuer.verifier().verify(token)
    problem = refusal.value
    assert (problem.status, problem.error_name) == (401, error_name)
    assert problem.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    said = problem.detail + problem.headers["WWW-Authenticate"]
    assert not token or token not in said
    assert "clinic-7" not in said
    assert problem.__cause__ is None


async def test_a_good_token_gives_its_principal(issuer: Issuer) -> None:
    assert await issuer.verifier().verify(issuer.mint(CALLER)) == CALLER


@pytest.mark.parametrize(
    "claims",
    [
        lambda _: {"aud": [AUDIENCE, "other"]},
        lambda _: {"scope": None, "roles": None},
        lambda now_s: {"nbf": now_s - 1},
        lambda now_s: {"exp": now_s + 100.5},
        lambda _: {"realm_access": {"roles": ["x"]}, "azp": "clinic"},
    ],
)
async def test_what_a_token_may_say_besides(
    issuer: Issuer, claims: Callable[[float], dict[str, Any]]
) -> None:
    token = issuer.mint(CALLER, **claims(time.time()))
    assert (await issuer.verifier().verify(token)).tenant_id == TENANT


async def test_clocks_may_differ_by_the_leeway_and_no_more(issuer: Issuer) -> None:
    clock = FixedClock(datetime.now(UTC))
    verifier = TokenVerifier(
        JwksCache(JWKS_URL, transport=issuer.transport()),
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway_s=30,
        clock=clock,
    )
    token = issuer.mint(CALLER, lifetime_s=60)
    start = clock.moment
    clock.moment = start + timedelta(seconds=85)
    assert await verifier.verify(token) == CALLER
    clock.moment = start + timedelta(seconds=95)
    with pytest.raises(Unauthorized, match="token_expired"):
        await verifier.verify(token)
    clock.moment = start - timedelta(seconds=40)
    with pytest.raises(Unauthorized, match="token_not_yet_valid"):
        await verifier.verify(token)


async def test_a_remembered_token_still_expires_and_falls_with_its_key(issuer: Issuer) -> None:
    clock = FixedClock(datetime.now(UTC))
    keys = JwksCache(JWKS_URL, transport=issuer.transport(), lifetime_s=0, pause_s=0)
    verifier = TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE, clock=clock)
    token = issuer.mint(CALLER)
    assert await verifier.verify(token) == await verifier.verify(token) == CALLER
    clock.moment += timedelta(minutes=10)
    with pytest.raises(Unauthorized, match="token_expired"):
        await verifier.verify(token)
    clock.moment -= timedelta(minutes=10)
    issuer.key = ECKey.generate_key("P-256", {"kid": "new"})
    with pytest.raises(Unauthorized, match="token_key_unknown"):
        await verifier.verify(token)


KINDS: list[tuple[str, Any]] = [
    ("ES256", lambda: ECKey.generate_key("P-256", {"kid": "k"})),
    ("EdDSA", lambda: OKPKey.generate_key("Ed25519", {"kid": "k"})),
    ("Ed25519", lambda: OKPKey.generate_key("Ed25519", {"kid": "k"})),
    ("RS256", lambda: RSAKey.generate_key(2048, {"kid": "k"})),
]


@pytest.mark.parametrize(("algorithm", "make"), KINDS)
async def test_a_configured_algorithm_is_accepted_and_no_other(algorithm: str, make: Any) -> None:
    key = make()
    claims = claims_of(Issuer())
    payload = json.dumps(claims).encode()
    signing_input = f"{encoded({'alg': algorithm, 'kid': 'k'})}.{encoded(payload)}".encode()
    signature = jws.JWSRegistry.algorithms[algorithm].sign(signing_input, key)
    token = f"{signing_input.decode()}.{encoded(signature)}"

    def verifier(*algorithms: str) -> TokenVerifier:
        document = KeySet([key]).as_dict(private=False)
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
        keys = JwksCache(JWKS_URL, transport=transport)
        return TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE, algorithms=algorithms)

    assert await verifier(algorithm).verify(token) == replace(CALLER, token_id=claims["jti"])
    others = [name for name, _ in KINDS if name != algorithm]
    with pytest.raises(Unauthorized, match="token_algorithm"):
        await verifier(*others).verify(token)


@pytest.mark.parametrize("algorithms", [(), ("HS256",), ("none",), ("ES256", "HS256"), ("ES384",)])
def test_an_unsafe_algorithm_cannot_be_configured(algorithms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="nothing else"):
        TokenVerifier(JwksCache(JWKS_URL), issuer=ISSUER, audience=AUDIENCE, algorithms=algorithms)


async def test_a_key_serves_only_the_algorithm_it_is_made_for() -> None:
    """An RSA key that is published for another algorithm verifies no RS256 token."""
    key = RSAKey.generate_key(2048, {"kid": "k", "alg": "PS256"})
    plain = RSAKey.import_key(key.as_dict(private=True) | {"alg": "RS256"})
    token = jwt.encode({"alg": "RS256", "kid": "k"}, claims_of(Issuer()), plain)
    document = KeySet([key]).as_dict(private=False)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
    verifier = TokenVerifier(
        JwksCache(JWKS_URL, transport=transport),
        issuer=ISSUER,
        audience=AUDIENCE,
        algorithms=("RS256",),
    )
    with pytest.raises(Unauthorized, match="token_key_unknown"):
        await verifier.verify(token)
