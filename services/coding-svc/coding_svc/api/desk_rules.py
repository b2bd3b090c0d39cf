"""A tenant's rules of the desk: worklists, second-level reviews, autonomous release."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass

from coding_svc.api.register import router
from coding_svc.domain.desk.criteria import Criteria
from coding_svc.domain.desk.rules import DeskRule, Effect, RuleKind
from coding_svc.storage import rules as storage
from rcm.contracts.bodies import Body
from rcm.service import RequestClock, RequestTx

STRICT = ConfigDict(extra="forbid")


@dataclass(config=STRICT, frozen=True)
class CriteriaBody(Criteria):
    """All that are given must hold; within a list one is enough."""


@dataclass(config=STRICT, frozen=True)
class EffectBody(Effect):
    """What follows; which part of it is read depends on the kind."""


class RuleBody(Body):
    """A rule. Of several that match, the one with the smallest `position` decides."""

    position: Annotated[int, Field(ge=0, le=10_000)] = 100
    is_active: bool = True
    criteria: CriteriaBody = CriteriaBody()
    effect: EffectBody = EffectBody()


class RuleView(BaseModel):
    """A rule as it is in force."""

    kind: RuleKind
    name: str
    position: int
    is_active: bool
    criteria: Criteria
    effect: Effect
    version: int


class RulesView(BaseModel):
    items: list[RuleView]


@router.get("/desk-rules", scope="Coding.s")
async def get_rules(tx: RequestTx) -> RulesView:
    """Every rule, in the order in which they are asked."""
    found = await storage.all_of(tx)
    return RulesView(items=[_view(each) for each in found])


@router.put("/desk-rules/{kind}/{name}", scope="Coding.u", audit_id="name")
async def put_rule(
    kind: RuleKind,
    name: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$")],
    body: RuleBody,
    tx: RequestTx,
    *,
    clock: RequestClock,
) -> RuleView:
    """Set a rule under its name. It judges what is read, finalized or drawn from now on."""
    rule = DeskRule(
        kind=kind,
        name=name,
        position=body.position,
        is_active=body.is_active,
        criteria=body.criteria,
        effect=body.effect,
    )
    version = await storage.put(tx, rule, now=clock.now())
    return _view(rule, version)


def _view(rule: DeskRule, version: int = 0) -> RuleView:
    fields = {name: getattr(rule, name) for name in RuleView.model_fields}
    return RuleView.model_construct(**fields | {"version": version or rule.version})
