"""The clinic's practice system: an outside program that knows the public APIs and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx

from rcm.ids import new_id
from rcm_local.problems import LocalProblem

Body = dict[str, Any]
# Asked for again this long before it ends, so that no call carries an old token.
RENEW_BEFORE_S = 30.0
TRIES = 5


class PracticeSystem:
    """Calls with a token of its own and an Idempotency-Key, repeating what got no answer."""

    def __init__(self, http: httpx.AsyncClient, urls: Mapping[str, str], secret: str) -> None:
        self._http = http
        self._urls = urls
        self._secret = secret
        self._token, self._renew_at = "", 0.0
        self._renewing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, urls: Mapping[str, str], secret: str) -> AsyncIterator[Self]:
        """Connections to the services of a running stack, by their names in `urls`."""
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            yield cls(http, urls, secret)

    async def get(self, service: str, path: str, **query: str | int) -> Any:
        """The JSON of a GET."""
        return (await self._call("GET", service, path, params=query)).json()

    async def post(self, service: str, path: str, body: Body) -> Any:
        """The JSON of a POST, done once however often it must be sent."""
        return (await self._call("POST", service, path, json=body)).json()

    async def put(self, service: str, path: str, body: Body) -> Any:
        """The JSON of a PUT."""
        return (await self._call("PUT", service, path, json=body)).json()

    async def change(self, method: str, service: str, path: str, body: Body | None = None) -> Any:
        """The JSON of a change of something that nobody else changes meanwhile."""
        newest = {"If-Match": "*"}
        return (await self._call(method, service, path, json=body, headers=newest)).json()

    async def pages(self, service: str, path: str, **query: str | int) -> Sequence[Body]:
        """The items of all pages of a list."""
        items: list[Body] = []
        page = await self.get(service, path, **query)
        while True:
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items
            page = await self.get(service, path, cursor=cursor, **query)

    async def outcome_table(self) -> Body:
        """What the payer does with which claim, as it publishes it."""
        answer = await self._http.get(f"{self._urls['payer-twin']}/scenarios")
        table: Body = answer.raise_for_status().json()
        return table

    async def _call(self, method: str, service: str, path: str, **rest: Any) -> httpx.Response:
        headers = {"Idempotency-Key": str(new_id())} | rest.pop("headers", {})
        for attempt in range(1, TRIES + 1):
            headers["Authorization"] = f"Bearer {await self._valid_token()}"
            url = self._urls[service] + path
            try:
                answer = await self._http.request(method, url, headers=headers, **rest)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.is_success:
                return answer
            if attempt == TRIES or not (answer is None or _may_pass(answer)):
                raise LocalProblem(f"{method} {service}{path} {_refusal(answer)}")
            # The same key again: what was done already is answered, not done twice.
            await asyncio.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    async def _valid_token(self) -> str:
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                await self._renew()
        return self._token

    async def _renew(self) -> None:
        form = {"grant_type": "client_credentials"}
        answer = await self._http.post(
            f"{self._urls['identity']}/token", data=form, auth=("clinic", self._secret)
        )
        if not answer.is_success:
            raise LocalProblem(f"The identity provider gives no token: {_refusal(answer)}")
        found = answer.json()
        self._token = found["access_token"]
        self._renew_at = time.monotonic() + found["expires_in"] - RENEW_BEFORE_S


def _may_pass(answer: httpx.Response) -> bool:
    return answer.status_code in {409, 429, 500, 502, 503, 504} and (
        answer.status_code != httpx.codes.CONFLICT or "in_flight" in answer.text
    )


def _refusal(answer: httpx.Response | None) -> str:
    if answer is None:
        return "got no answer"
    problem: Body = {}
    if "json" in answer.headers.get("content-type", ""):
        problem = answer.json()
    reasons = [problem.get("error_name"), problem.get("detail"), problem.get("pointers")]
    said = "; ".join(str(reason) for reason in reasons if reason)
    return f"was refused with {answer.status_code} {said}".rstrip()
