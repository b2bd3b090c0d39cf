"""The development identity provider: OpenID discovery, its keys, and tokens for known clients.

It stands in for the shop's own provider on a laptop and refuses to run with production settings.
Clients authenticate with their secret from `.local/identity/secrets.json`; tokens are ES256 and
live 5 minutes.
"""

import base64
import binascii
import hmac
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, unquote_plus

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from rcm.ids import new_id
from rcm_local.clients import Client, load_clients
from rcm_local.secret_files import read_or_make

LIFETIME_S = 300
BODY_BYTES_MAX = 8192


class IdentitySettings(BaseSettings):
    """From the environment, with the names that the services use."""

    model_config = SettingsConfigDict(env_prefix="RCM_", extra="ignore")

    environment: str = "production"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8100
    issuer: str
    audience: str = "rcm"
    identity_directory: Path


class Refusal(Exception):  # noqa: N818 - an answer of RFC 6749, 5.2
    """The token endpoint's error codes."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class Issuer:
    """Mints access tokens (RFC 9068) under one key that lasts as long as its file."""

    def __init__(self, url: str, audience: str, key: ECKey) -> None:
        self.url = url
        self._audience = audience
        self._key = key

    def jwks(self) -> Mapping[str, Any]:
        """The public half of the key."""
        return dict(KeySet([self._key]).as_dict(private=False))

    def mint(self, client: Client, scopes: tuple[str, ...], *, now_s: int) -> str:
        claims = {
            "iss": self.url,
            "aud": self._audience,
            "sub": client.client_id,
            "client_id": client.client_id,
            "iat": now_s,
            "exp": now_s + LIFETIME_S,
            "jti": str(new_id()),
            "tenant": str(client.tenant_id),
            "scope": " ".join(scopes),
            "roles": list(client.roles),
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key)


def load_issuer(settings: IdentitySettings) -> Issuer:
    """The issuer with its key from the directory, made there the first time."""
    key = read_or_make(settings.identity_directory / "signing-key.json", _new_key)
    return Issuer(settings.issuer, settings.audience, ECKey.import_key(key))


def create_app(
    issuer: Issuer, clients: Mapping[str, Client], *, now_s: Callable[[], float] = time.time
) -> FastAPI:
    """Discovery, keys and the token endpoint."""
    app = FastAPI(title="rcm development identity provider", docs_url=None, redoc_url=None)

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return _discovery(issuer.url)

    @app.get("/jwks")
    async def jwks() -> Mapping[str, Any]:
        return issuer.jwks()

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        """Client credentials (RFC 6749, 4.4): by HTTP Basic or in the form."""
        form = _form(await request.body())
        try:
            _require_grant_type(form)
            client = _authenticated(request.headers.get("authorization", ""), form, clients)
            scopes = _granted(client, form.get("scope", ""))
        except Refusal as refusal:
            headers = {"WWW-Authenticate": "Basic"} if refusal.status == 401 else {}
            return JSONResponse({"error": refusal.error}, refusal.status, headers)
        answer = {
            "access_token": issuer.mint(client, scopes, now_s=int(now_s())),
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "scope": " ".join(scopes),
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    return app


def _discovery(url: str) -> dict[str, Any]:
    return {
        "issuer": url,
        "jwks_uri": f"{url}/jwks",
        "token_endpoint": f"{url}/token",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }


def _form(body: bytes) -> dict[str, str]:
    if len(body) > BODY_BYTES_MAX:
        return {}
    fields = parse_qs(body.decode("utf-8", errors="replace"), max_num_fields=20)
    return {name: values[0] for name, values in fields.items()}


def _require_grant_type(form: Mapping[str, str]) -> None:
    if form.get("grant_type") != "client_credentials":
        raise Refusal("unsupported_grant_type")


def _authenticated(
    authorization: str, form: Mapping[str, str], clients: Mapping[str, Client]
) -> Client:
    name, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        name, secret = _basic(encoded)
    client = clients.get(name)
    expected = client.secret.get_secret_value() if client is not None else ""
    # Compared also for an unknown client, so that time does not tell which names exist.
    good = hmac.compare_digest(expected.encode(), secret.encode())
    if client is None or not good or not secret:
        raise Refusal("invalid_client", 401)
    return client


def _basic(encoded: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal("invalid_client", 401) from None
    return unquote_plus(name), unquote_plus(secret)


def _granted(client: Client, asked: str) -> tuple[str, ...]:
    """What was asked for, all of it or nothing; without a wish, all that the client may have."""
    wanted = tuple(dict.fromkeys(asked.split())) or client.scopes
    if not set(wanted) <= set(client.scopes):
        raise Refusal("invalid_scope")
    return wanted


def _new_key() -> Mapping[str, Any]:
    key = ECKey.generate_key("P-256", {"kid": str(new_id()), "alg": "ES256", "use": "sig"})
    return dict(key.as_dict(private=True))


def main() -> None:
    """`python -m rcm_local.identity`, started by the supervisor."""
    settings = IdentitySettings()
    if settings.environment not in {"development", "test"}:
        sys.stderr.write(
            "The development identity provider does not run in production: use your own OpenID "
            "provider (RCM_ISSUER, RCM_JWKS_URL).\n"
        )
        sys.exit(2)
    clients = load_clients(settings.identity_directory)
    uvicorn.run(
        create_app(load_issuer(settings), clients),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level=os.environ.get("RCM_LOG_LEVEL", "info").lower(),
    )


if __name__ == "__main__":
    main()
