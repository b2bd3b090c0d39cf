"""Who may not: every route of every service against tokens that prove too little, and against a
good token of another tenant. The routes are those of the OpenAPI documents, so a new one is in."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from e2e import clinic
from e2e.world import WRITES, Operation, World, operations
from e2e.writes import Request, Things, writes
from joserfc import jwt
from joserfc.jwk import ECKey

from rcm.testing.tokens import Issuer, principal
from rcm_local.provision import services

OPERATIONS = operations()
BY_ID = [found for found in OPERATIONS if found.parameters]
# Names that every tenant gives for itself: one tenant's is not another's thing.
OWN_NAMES = {
    "coding-svc GET /coding-reports/{report}",
    "coding-svc PUT /desk-rules/{kind}/{name}",
    "claims-svc PUT /fee-schedules/{schedule}/{effective_from}",
    "payer-gateway PUT /payers/{payer_id}",
}
# What everyone may read because nobody owns it: the published code sets.
PUBLISHED = {
    "coding-svc GET /code-sets/{kind}/codes",
    "coding-svc GET /code-sets/icd10cm/codes/{code}",
    "coding-svc GET /code-sets/icd10pcs:pick",
}
SUMS = frozenset({"/summary", "/remittance-totals", "/reconciliation"})
LISTS = [
    found
    for found in OPERATIONS
    if found.method == "GET"
    and not found.parameters
    and found.path not in SUMS
    and str(found) not in PUBLISHED
]


@dataclass(frozen=True)
class Attempt:
    """A token, and how it is refused."""

    name: str
    token: Callable[[World, Operation], str]
    status: int
    error_name: str


def _unsigned(world: World, _: Operation) -> str:
    token = world.mint()
    _, payload, _ = token.split(".")
    return f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}."


def _forged(world: World, _: Operation) -> str:
    """Under another key that goes by the name of the issuer's."""
    key = ECKey.generate_key("P-256", {"kid": world.issuer.key.kid})
    return Issuer(world.issuer.issuer, key=key).mint(principal(world.tenant, "system/*.cruds"))


def _altered(world: World, _: Operation) -> str:
    """A good token whose tenant was changed afterwards."""
    header, _, signature = world.mint().split(".")
    _, payload, _ = world.mint(tenant=world.other_tenant).split(".")
    return f"{header}.{payload}.{signature}"


def _as_shared_secret(world: World, _: Operation) -> str:
    """HS256 with the public key as the secret."""
    from joserfc.jwk import OctKey  # noqa: PLC0415

    public = world.issuer.key.as_pem(private=False)
    header = {"alg": "HS256", "kid": world.issuer.key.kid, "typ": "at+jwt"}
    claims = {"iss": world.issuer.issuer, "aud": "rcm", "sub": "x", "jti": "x", "exp": 2**33}
    secret = OctKey.import_key(public.replace(b"-----", b""))
    return jwt.encode(header, claims | {"tenant": str(world.tenant)}, secret)


def _homeless(world: World, _: Operation) -> str:
    return world.issuer.mint(principal(world.tenant, "system/*.cruds"), tenant=None)


def _all_other_letters(world: World, operation: Operation) -> str:
    """Everything that may be done to the resource but this, and everything to all others."""
    resource, _, verb = operation.scope.partition(".")
    letters = "cruds".replace(verb, "")
    return world.mint(f"system/{resource}.{letters}", "system/Nothing.cruds")


ATTEMPTS = (
    Attempt("nothing", lambda *_: "", 401, "token_required"),
    Attempt("no token at all", lambda *_: "not-a-token", 401, "token_malformed"),
    Attempt("unsigned", _unsigned, 401, "token_algorithm"),
    Attempt("public key as a secret", _as_shared_secret, 401, "token_algorithm"),
    Attempt("forged under the issuer's key id", _forged, 401, "token_signature"),
    Attempt("altered", _altered, 401, "token_signature"),
    Attempt(
        "under a key that nobody published",
        lambda world, _: Issuer(world.issuer.issuer).mint(principal(world.tenant, "system/*.r")),
        401,
        "token_key_unknown",
    ),
    Attempt(
        "expired",
        lambda world, _: world.mint(exp=int(time.time()) - 60),
        401,
        "token_expired",
    ),
    Attempt(
        "not valid yet",
        lambda world, _: world.mint(nbf=int(time.time()) + 600),
        401,
        "token_not_yet_valid",
    ),
    Attempt("for another service", lambda world, _: world.mint(aud="else"), 401, "token_audience"),
    Attempt(
        "of another issuer", lambda world, _: world.mint(iss="https://else"), 401, "token_issuer"
    ),
    Attempt("without a tenant", _homeless, 401, "token_claims"),
    Attempt(
        "of an unknown tenant", lambda world, _: world.mint(tenant=uuid4()), 403, "unknown_tenant"
    ),
    Attempt("without the scope", _all_other_letters, 403, "not_allowed"),
    Attempt("of a person without a role", lambda w, _: w.mint("user/*.cruds"), 403, "not_allowed"),
)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_a_token_that_proves_too_little_is_refused(
    world: World, operation: Operation
) -> None:
    path = operation.at(**{name: str(uuid4()) for name in operation.parameters})

    async def refused(attempt: Attempt) -> tuple[int, str, str]:
        token = attempt.token(world, operation)
        headers = {"Authorization": f"Bearer {token}" if token else ""}
        answer = await world.call(operation.service, operation.method, path, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"
        assert token == "" or token not in answer.text
        assert ("www-authenticate" in answer.headers) is (answer.status_code == 401)
        return attempt.name, answer.status_code, answer.json()["error_name"]

    found = await asyncio.gather(*map(refused, ATTEMPTS))
    assert found == [(each.name, each.status, each.error_name) for each in ATTEMPTS]


@pytest.fixture(scope="module")
async def requests(world: World, things: Things) -> dict[str, Request]:
    """A request that succeeds for the tenant whose things these are, for each route with an id."""
    made = {str(found): {"at": dict(things.ids)} for found in BY_ID if found.method == "GET"}
    writing = [found for found in BY_ID if found.method in WRITES]
    prepared = await asyncio.gather(
        *(writes()[str(found)].prepare(world, things) for found in writing)
    )
    return made | {str(found): each for found, each in zip(writing, prepared, strict=True)}


@pytest.mark.parametrize(
    "operation", [found for found in BY_ID if str(found) not in OWN_NAMES | PUBLISHED], ids=str
)
async def test_anothers_thing_is_not_there(
    world: World, requests: dict[str, Request], operation: Operation
) -> None:
    """404 with a token that may do everything in its own tenant; success for the owner."""
    theirs = await _send(world, operation, requests, world.mint(tenant=world.other_tenant))
    assert theirs.status_code == 404
    assert theirs.headers["content-type"] == "application/problem+json"
    owners = await _send(world, operation, requests, world.mint())
    assert owners.is_success, owners.text


async def _send(
    world: World, operation: Operation, requests: dict[str, Request], token: str
) -> Any:
    request = dict(requests[str(operation)])
    path = operation.at(**request.pop("at"))
    return await world.call(operation.service, operation.method, path, token=token, **request)


@pytest.mark.parametrize("operation", LISTS, ids=str)
async def test_a_list_shows_nothing_of_another_tenant(
    world: World, things: Things, operation: Operation
) -> None:
    ours = await world.call(operation.service, "GET", operation.path, token=world.mint())
    assert ours.json()["items"], "there is nothing that could leak"
    theirs = await world.call(
        operation.service, "GET", operation.path, token=world.mint(tenant=world.other_tenant)
    )
    assert theirs.status_code == 200
    # A payer's id and a report's name are names that both tenants use.
    ours_alone = [found for name, found in things.ids.items() if name not in {"payer_id", "report"}]
    assert [found for found in ours_alone if found in theirs.text] == []


@pytest.mark.parametrize("path", ["/remittance-totals", "/reconciliation"])
async def test_a_sum_counts_nothing_of_another_tenant(
    world: World, things: Things, path: str
) -> None:
    query = {"later_than_days": 0} if path == "/reconciliation" else {}
    ours = await world.get("payer-gateway", path, world.mint(), **query)
    theirs = await world.get("payer-gateway", path, world.mint(tenant=world.other_tenant), **query)
    assert things.ids
    assert any(_counted(ours)), "there is nothing that could leak"
    assert not any(_counted(theirs))


def _counted(found: Any) -> list[int]:
    """Every number of an answer."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list):
        return [number for each in found for number in _counted(each)]
    return [found] if isinstance(found, int) else []


@pytest.mark.parametrize(
    ("operation", "body", "status"),
    [
        (
            "patient-billing-svc POST /payments",
            lambda ids: {"account_id": ids["account_id"], "paid_cents": 1, "method": "cash"},
            404,
        ),
        (
            "patient-billing-svc POST /statements",
            lambda ids: {"account_id": ids["account_id"]},
            404,
        ),
        (
            "payer-gateway PUT /payers",
            lambda ids: {
                "payers": [{"payer_id": "XX", "name": "X", "partner_id": ids["partner_id"]}]
            },
            422,
        ),
        (
            "payer-gateway PUT /payers/XX",
            lambda ids: {"name": "X", "partner_id": ids["partner_id"]},
            422,
        ),
    ],
    ids=str,
)
async def test_anothers_id_in_a_body_names_nothing(
    world: World,
    things: Things,
    operation: str,
    body: Callable[[Things], Any],
    status: int,
) -> None:
    service, method, path = operation.split()
    token = world.mint(tenant=world.other_tenant)
    answer = await world.call(service, method, path, token=token, json=body(things))
    assert answer.status_code == status
    assert things["account_id"] not in answer.text


async def test_a_cursor_does_not_open_for_another_tenant(world: World) -> None:
    for _ in range(2):
        await world.post("coding-svc", "/encounters", clinic.encounter(finalize=False))
    page = await world.get("coding-svc", "/encounters", world.mint(), limit=1)
    cursor = page["next_cursor"]
    path = f"/encounters?limit=1&cursor={cursor}"
    theirs = await world.call(
        "coding-svc", "GET", path, token=world.mint(tenant=world.other_tenant)
    )
    assert (theirs.status_code, theirs.json()["error_name"]) == (400, "cursor_invalid")
    assert (await world.call("coding-svc", "GET", path, token=world.mint())).is_success


async def test_one_idempotency_key_in_two_tenants_is_two_requests(world: World) -> None:
    body, key = clinic.encounter(finalize=False), {"Idempotency-Key": uuid4().hex}
    answers = [
        await world.call("coding-svc", "POST", "/encounters", token=token, json=body, headers=key)
        for token in (world.mint(), world.mint(tenant=world.other_tenant), world.mint())
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    first, other, again = (answer.json()["encounter_id"] for answer in answers)
    assert first == again != other
    assert answers[2].headers["Idempotency-Replayed"] == "true"


def test_nothing_is_served_that_the_documents_do_not_name() -> None:
    for service in services().values():
        named = {
            (found.method, found.path) for found in OPERATIONS if found.service == service.name
        }
        served = {
            (method, route.path)
            for route in service.router.routes
            for method in route.methods or ()
        }
        assert served - named == set()
