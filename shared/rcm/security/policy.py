"""What a caller may do. `authorize` is the only door, so that an engine could stand behind it.

Scopes are written as in SMART App Launch 2: `system/Claim.rs`, `user/Encounter.cruds`,
`system/*.rs`, where c, r, u, d and s are create, read, update, delete and search, in this order. A
`system/` scope allows what it says. A `user/` scope allows what both it and one of the person's
roles say. Whatever is not understood (older syntax, a scope narrowed by a query) allows nothing.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from rcm.errors import Forbidden
from rcm.security.tokens import Principal

ACTIONS = frozenset("cruds")
ANY = "*"

_SCOPE = re.compile(r"(system|user)/(\*|[A-Z][A-Za-z]{0,63})\.(?=[cruds])(c?r?u?d?s?)")

Grants = Mapping[str, frozenset[str]]


def _role(**allowed: str) -> Grants:
    everywhere = {
        ANY if name == "everything" else name: frozenset(v) for name, v in allowed.items()
    }
    return MappingProxyType(everywhere)


ROLES: Mapping[str, Grants] = MappingProxyType(
    {
        "admin": _role(everything="cruds"),
        # Sees all, changes nothing but its own findings.
        "auditor": _role(everything="rs", CodingAudit="crus"),
        "coder": _role(
            Encounter="cruds", Patient="rs", Coding="crus", CodeSet="rs", Note="crs", Claim="rs",
            Denial="rs", Query="crus", CodingAudit="rsu",
        ),
        # Answers what coders ask of the record.
        "physician": _role(Query="rus", Note="rs"),
        "biller": _role(
            Encounter="rs", Patient="rs", CodeSet="rs", Claim="cruds", Denial="crus",
            FeeSchedule="crus", Transmission="rus", Acknowledgment="rs", Remittance="crus",
            Interchange="rus", Payer="rs", TradingPartner="rs", Account="rus", Balance="rs",
            Itemization="rs", Payment="crs", Statement="crs", Ledger="rs",
        ),
        # Keeps the machinery running and has no need to open what it carries.
        "operator": _role(
            Transmission="rus", Acknowledgment="rs", Interchange="u", Payer="crus",
            TradingPartner="crus", CodeSet="crus", Event="rus", DeadLetter="rus", Tenant="rs",
        ),
        "patient_support": _role(
            Patient="rs", Claim="rs", Account="rus", Balance="rs", Itemization="rs",
            Payment="crs", Statement="crs",
        ),
        # A person who connects another system and checks what it sent.
        "integrator": _role(
            Encounter="crus", Claim="crs", FeeSchedule="crs", Remittance="crs", Payer="rs",
            TradingPartner="rs", Transmission="rs", Acknowledgment="rs", CodeSet="rs",
        ),
    }
)  # fmt: skip


def authorize(principal: Principal, action: str, resource: str) -> None:
    """Return when the principal may do every letter of `action` to `resource`; raise `Forbidden`
    otherwise. Which row is the tenants' wall's business, not this function's."""
    if not action or not ACTIONS.issuperset(action):
        raise ValueError(f"{action!r} is not made of the letters c, r, u, d and s")
    grants = _grants(principal.scopes, principal.roles)
    allowed = grants.get(resource, frozenset()) | grants.get(ANY, frozenset())
    if not allowed.issuperset(action):
        raise Forbidden("not_allowed", f"This needs the right {resource}.{action}.")


@lru_cache(maxsize=4096)
def _grants(scopes: frozenset[str], roles: frozenset[str]) -> Grants:
    """What scopes and roles allow together; the same few combinations come again and again."""
    grants: dict[str, frozenset[str]] = {}
    for scope in scopes:
        found = _SCOPE.fullmatch(scope)
        if found is None:
            continue
        context, resource, letters = found.groups()
        parts = {resource: frozenset(letters)}
        if context == "user":
            parts = _within_roles(resource, frozenset(letters), roles)
        for name, allowed in parts.items():
            grants[name] = grants.get(name, frozenset()) | allowed
    return MappingProxyType(grants)


def _within_roles(
    resource: str, letters: frozenset[str], roles: frozenset[str]
) -> dict[str, frozenset[str]]:
    """The part of one `user/` scope that the roles share. A role that may do something to
    everything may do it to the resource; a scope for everything reaches what the role names."""
    shared: dict[str, frozenset[str]] = {}
    for role in roles:
        for name, allowed in ROLES.get(role, {}).items():
            if resource in {ANY, name} or name == ANY:
                place = name if resource == ANY else resource
                shared[place] = shared.get(place, frozenset()) | (letters & allowed)
    return shared
