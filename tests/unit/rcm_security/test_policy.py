"""Who may do what: scopes as written, people within their roles, nothing that is not understood."""

from uuid import UUID

import pytest

from rcm.errors import Forbidden
from rcm.security.policy import ACTIONS, ROLES, authorize
from rcm.testing.tokens import principal

TENANT = UUID("7e57c0de-0000-4000-8000-000000000001")


def allowed(scopes: str, roles: str, action: str, resource: str) -> bool:
    try:
        authorize(principal(TENANT, *scopes.split(), roles=tuple(roles.split())), action, resource)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize(
    ("scopes", "roles", "action", "resource", "expected"),
    [
        ("system/Claim.rs", "", "r", "Claim", True),
        ("system/Claim.rs", "", "s", "Claim", True),
        ("system/Claim.rs", "", "rs", "Claim", True),
        ("system/Claim.rs", "", "c", "Claim", False),
        ("system/Claim.rs", "", "ru", "Claim", False),
        ("system/Claim.rs", "", "r", "Encounter", False),
        ("system/Claim.c system/Claim.r", "", "cr", "Claim", True),
        ("system/*.rs", "", "r", "Anything", True),
        ("system/*.rs", "", "u", "Claim", False),
        ("system/*.rs system/Claim.u", "", "ru", "Claim", True),
        ("", "", "r", "Claim", False),
        ("", "admin", "r", "Claim", False),
        ("system/Remittance.c", "", "c", "Remittance", True),
        # A person has what both the scope and one of the roles allow.
        ("user/Claim.cruds", "", "r", "Claim", False),
        ("user/Claim.cruds", "biller", "u", "Claim", True),
        ("user/Payment.cruds", "biller", "d", "Payment", False),
        ("user/Claim.r", "biller", "u", "Claim", False),
        ("user/Claim.cruds", "coder", "u", "Claim", False),
        ("user/Claim.cruds", "coder biller", "u", "Claim", True),
        ("user/*.cruds", "coder", "c", "Encounter", True),
        ("user/*.cruds", "coder", "c", "Payment", False),
        ("user/*.cruds", "admin", "d", "Payment", True),
        ("user/*.rs", "admin", "d", "Payment", False),
        ("user/Claim.rs", "admin", "r", "Payment", False),
        ("user/*.cruds", "auditor", "r", "AuditRecord", True),
        ("user/*.cruds", "auditor", "u", "Claim", False),
        ("user/*.cruds", "operator", "r", "Encounter", False),
        ("user/*.cruds", "operator", "u", "DeadLetter", True),
        ("user/*.cruds", "operator", "r", "Interchange", False),
        ("user/*.cruds", "operator", "r", "Patient", False),
        ("user/*.cruds", "patient_support", "c", "Payment", True),
        ("user/*.cruds", "patient_support", "r", "Encounter", False),
        ("user/*.cruds", "integrator", "c", "Encounter", True),
        ("user/*.cruds", "superuser", "r", "Claim", False),
        # A role lends a system nothing, and a system's scope needs no role.
        ("system/Claim.r", "admin", "u", "Claim", False),
    ],
)
def test_what_a_caller_may_do(
    scopes: str, roles: str, action: str, resource: str, *, expected: bool
) -> None:
    assert allowed(scopes, roles, action, resource) is expected


@pytest.mark.parametrize(
    "scope",
    [
        "openid",
        "system/Claim.read",
        "system/Claim.*",
        "system/*.*",
        "system/Claim.sr",
        "system/Claim.",
        "system/Claim",
        "system/.rs",
        "System/Claim.rs",
        "system/claim.rs",
        "patient/Claim.rs",
        "system/Claim.rs?payer=1",
        "system/Claim.rs ",
        "\nsystem/Claim.rs",
        "system/Claim.rsx",
        "*",
    ],
)
def test_a_scope_that_is_not_understood_allows_nothing(scope: str) -> None:
    caller = principal(TENANT, scope, roles=("admin",))
    for action in ACTIONS:
        with pytest.raises(Forbidden):
            authorize(caller, action, "Claim")


@pytest.mark.parametrize("action", ["", "x", "read", "R", "c r"])
def test_an_action_is_made_of_five_letters(action: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        authorize(principal(TENANT, "system/*.cruds"), action, "Claim")


def test_roles_hold_only_the_five_letters_and_cannot_be_changed() -> None:
    for grants in ROLES.values():
        assert all(letters <= ACTIONS for letters in grants.values())
        with pytest.raises(TypeError):
            grants["Claim"] = ACTIONS  # type: ignore[index]


def test_a_refusal_names_the_right_and_not_the_caller() -> None:
    caller = principal(TENANT, subject="somebody@clinic.test")
    with pytest.raises(Forbidden) as refusal:
        authorize(caller, "c", "Claim")
    assert (refusal.value.status, refusal.value.error_name) == (403, "not_allowed")
    assert "Claim.c" in refusal.value.detail
    assert "somebody" not in str(refusal.value)
