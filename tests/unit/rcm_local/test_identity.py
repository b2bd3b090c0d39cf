"""The development issuer: its tokens pass our verifier, and it gives none to strangers."""

import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from rcm.security.jwks import JwksCache
from rcm.security.policy import authorize
from rcm.security.tokens import TokenVerifier
from rcm_local.clients import DEMO_TENANT_ID, Client, load_clients
from rcm_local.identity import IdentitySettings, create_app, load_issuer

URL = "http://issuer.test"


@pytest.fixture
def clients(tmp_path: Path) -> dict[str, Client]:
    return dict(load_clients(tmp_path))


@pytest.fixture
async def http(tmp_path: Path, clients: dict[str, Client]) -> AsyncIterator[httpx.AsyncClient]:
    settings = IdentitySettings(environment="test", issuer=URL, identity_directory=tmp_path)
    transport = httpx.ASGITransport(create_app(load_issuer(settings), clients))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


def _form(client: Client, **changes: str) -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.secret.get_secret_value(),
    }
    return form | changes


async def test_a_token_passes_the_services_own_verifier(
    http: httpx.AsyncClient, clients: dict[str, Client]
) -> None:
    answer = (await http.post("/token", data=_form(clients["clinic"]))).json()
    keys = JwksCache(f"{URL}/jwks", transport=http._transport)
    principal = await TokenVerifier(keys, issuer=URL, audience="rcm").verify(answer["access_token"])
    assert principal.subject == "clinic"
    assert principal.tenant_id == DEMO_TENANT_ID
    assert answer["expires_in"] == 300
    authorize(principal, "c", "Encounter")


async def test_a_person_may_what_the_role_allows(
    http: httpx.AsyncClient, clients: dict[str, Client]
) -> None:
    answer = (await http.post("/token", data=_form(clients["auditor"]))).json()
    keys = JwksCache(f"{URL}/jwks", transport=http._transport)
    principal = await TokenVerifier(keys, issuer=URL, audience="rcm").verify(answer["access_token"])
    authorize(principal, "rs", "Claim")
    with pytest.raises(Exception, match="not_allowed"):
        authorize(principal, "c", "Claim")


async def test_a_client_may_authenticate_by_http_basic(
    http: httpx.AsyncClient, clients: dict[str, Client]
) -> None:
    secret = clients["clinic"].secret.get_secret_value()
    basic = base64.b64encode(f"clinic:{secret}".encode()).decode()
    answer = await http.post(
        "/token",
        data={"grant_type": "client_credentials", "scope": "system/Claim.rs"},
        headers={"Authorization": f"Basic {basic}"},
    )
    assert answer.json()["scope"] == "system/Claim.rs"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "nobody", "client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "system/Claim.rs system/*.cruds"}, 400, "invalid_scope"),
    ],
)
async def test_a_refusal_says_why_in_the_words_of_the_standard(
    http: httpx.AsyncClient,
    clients: dict[str, Client],
    changes: dict[str, str],
    status: int,
    error: str,
) -> None:
    answer = await http.post("/token", data=_form(clients["clinic"], **changes))
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_discovery_names_the_keys_and_the_keys_are_public_only(
    http: httpx.AsyncClient,
) -> None:
    discovered = (await http.get("/.well-known/openid-configuration")).json()
    [key] = (await http.get(discovered["jwks_uri"])).json()["keys"]
    assert key["crv"] == "P-256"
    assert "d" not in key


def test_keys_and_secrets_last_and_are_private(tmp_path: Path) -> None:
    settings = IdentitySettings(environment="test", issuer=URL, identity_directory=tmp_path)
    assert load_issuer(settings).jwks() == load_issuer(settings).jwks()
    assert load_clients(tmp_path) == load_clients(tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("environment", ["production", ""])
def test_it_refuses_to_run_in_production(tmp_path: Path, environment: str) -> None:
    settings = {
        **os.environ,
        "RCM_ISSUER": URL,
        "RCM_IDENTITY_DIRECTORY": str(tmp_path),
        "RCM_ENVIRONMENT": environment,
    }
    done = subprocess.run(
        [sys.executable, "-m", "rcm_local.identity"],
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "does not run in production" in done.stderr
