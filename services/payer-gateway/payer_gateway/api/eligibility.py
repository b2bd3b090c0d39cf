"""Eligibility checks: is this person covered on that day, and what would they owe?

A check is taken at once and answered a moment later (202, `Location`): nothing outside is asked
while a request's transaction is open. Persons stand in bodies only, never in an address.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from payer_gateway.api.inquiries import InquiryView, taker_of
from payer_gateway.api.payers import PayerId
from payer_gateway.api.register import Body, View, found, router
from payer_gateway.domain.eligibility import (
    SERVICE_TYPES_MAX,
    WHOLE_PLAN,
    AskedPerson,
    Benefit,
    CoverageStatus,
    EligibilityCheck,
    EligibilityError,
    EligibilityQuestion,
)
from payer_gateway.domain.inquiry import InquiryStatus, Occasion, new_inquiry
from payer_gateway.storage import eligibility
from rcm.contracts.values import Npi
from rcm.ids import new_id
from rcm.service import Page, Paging, RequestClock, RequestTx

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
ServiceType = Annotated[str, Field(pattern=r"^[0-9A-Z]{1,2}$")]
RELATIONSHIPS = {"spouse": "01", "child": "19", "other": "34"}


class PersonBody(Body):
    """Sealed on arrival."""

    last_name: Annotated[str, Field(min_length=1, max_length=60)]
    first_name: Annotated[str, Field(max_length=35)] = ""
    middle_name: Annotated[str, Field(max_length=25)] = ""
    birth_date: date | None = None
    sex: Literal["M", "F", "U"] | None = None

    def asked(self) -> AskedPerson:
        return AskedPerson(**self.model_dump(exclude={"sex"}), sex=self.sex or "")


class DependentBody(PersonBody):
    """The patient, where somebody else holds the coverage."""

    relationship: Literal["spouse", "child", "other"]
    birth_date: date

    def asked(self) -> AskedPerson:
        return AskedPerson(**self.model_dump(exclude={"sex", "relationship"}), sex=self.sex or "")


class ProviderBody(Body):
    """Who asks."""

    npi: Npi
    name: Text
    first_name: Annotated[str, Field(max_length=35)] = ""


class EligibilityCreate(Body):
    payer_id: PayerId
    provider: ProviderBody
    service_date: date
    """The day on which the patient is seen; coverage is always of a day."""
    service_type_codes: Annotated[
        tuple[ServiceType, ...], Field(min_length=1, max_length=SERVICE_TYPES_MAX)
    ] = (WHOLE_PLAN,)
    member_id: Annotated[str, Field(min_length=2, max_length=80)] | None = None
    group_number: Annotated[str, Field(max_length=50)] = ""
    subscriber: PersonBody
    dependent: DependentBody | None = None
    patient_id: UUID | None = None

    @model_validator(mode="after")
    def somebody_can_be_found(self) -> "EligibilityCreate":
        """Payers find a person by member id, or by name and birth date."""
        if self.member_id is None and self.subscriber.birth_date is None:
            raise PydanticCustomError(
                "subscriber_unsearchable", "needs a member id or the subscriber's birth date"
            )
        return self

    def question(self, payer_name: str) -> EligibilityQuestion:
        dependent = self.dependent
        return EligibilityQuestion(
            payer_name=payer_name,
            provider_npi=self.provider.npi,
            provider_name=self.provider.name,
            provider_first_name=self.provider.first_name,
            service_date=self.service_date,
            service_type_codes=tuple(dict.fromkeys(self.service_type_codes)),
            member_id=self.member_id or "",
            group_number=self.group_number,
            subscriber=self.subscriber.asked(),
            dependent=dependent.asked() if dependent else None,
            relationship_code=RELATIONSHIPS[dependent.relationship] if dependent else "",
        )


class PeriodView(View):
    qualifier: str
    starts_on: date
    ends_on: date | None


class EntityView(View):
    """Another payer (PR, PRP, SEP), a primary care provider (P3), a vendor (VN), a contact."""

    code: str
    name: str
    id: str
    telephones: list[str]


class BenefitView(View):
    """One benefit. What it means hangs on level, services, period and network together."""

    information_code: str
    information: str
    coverage_level_code: str
    coverage_level: str | None
    service_type_codes: list[str]
    insurance_type_code: str
    plan_name: str
    period_code: str
    period: str | None
    is_remaining: bool
    amount_cents: int | None
    share_ppm: int | None
    """Co-insurance in millionths of the charge, exact: 200000 is 20 percent."""
    quantity_qualifier: str
    quantity: Decimal | None
    authorization_required: bool | None
    network_code: str
    network: str | None
    procedure_code: str
    periods: list[PeriodView]
    messages: list[str]
    entities: list[EntityView]


class EligibilityErrorView(View):
    """Why the payer does not say more, at which level, and what to do about it."""

    level: str
    code: str
    reason: str
    follow_up_code: str
    follow_up: str | None


class EligibilityCheckView(InquiryView):
    patient_id: UUID | None
    provider_npi: str
    service_date: date
    service_type_codes: list[str]
    coverage_status: CoverageStatus | None
    error_codes: list[str]

    @classmethod
    def of(cls, check: EligibilityCheck) -> "EligibilityCheckView":
        return cls(**cls.shared(check))

    @staticmethod
    def shared(check: EligibilityCheck) -> dict[str, object]:
        own = ("patient_id", "provider_npi", "service_date", "coverage_status")
        return {
            **InquiryView.fields_of(check.inquiry),
            **{name: getattr(check, name) for name in own},
            "service_type_codes": list(check.service_type_codes),
            "error_codes": list(check.error_codes),
        }


class EligibilityCheckDetail(EligibilityCheckView):
    benefits: list[BenefitView]
    errors: list[EligibilityErrorView]
    plan_periods: list[PeriodView]
    answered_as_subscriber: bool | None
    """A payer may answer a question about a dependent with a subscriber."""

    @classmethod
    def of(cls, check: EligibilityCheck) -> "EligibilityCheckDetail":
        answer = check.answer
        return cls(
            **EligibilityCheckView.shared(check),
            benefits=[_benefit(each) for each in answer.benefits] if answer else [],
            errors=[_error(each) for each in answer.errors] if answer else [],
            plan_periods=[PeriodView.model_validate(each) for each in answer.periods]
            if answer
            else [],
            answered_as_subscriber=answer.answered_as_subscriber if answer else None,
        )


def _benefit(benefit: Benefit) -> BenefitView:
    return BenefitView.model_validate(benefit)


def _error(error: EligibilityError) -> EligibilityErrorView:
    return EligibilityErrorView.model_validate(error)


class PersonView(View):
    last_name: str
    first_name: str
    middle_name: str
    birth_date: date | None
    sex: str


class CoveredPersonsView(View):
    """Whom we asked about, and whom the payer has."""

    member_id: str
    group_number: str
    subscriber: PersonView | None
    dependent: PersonView | None
    answered_member_id: str | None
    answered_group_number: str | None
    answered_person: PersonView | None


class ValidView(View):
    """Nothing stands in the way of asking."""

    is_valid: bool = True
    partner_id: UUID


@router.post(
    "/eligibility-checks", status_code=202, scope="EligibilityCheck.c", audit_id="inquiry_id"
)
async def post_eligibility_check(
    body: EligibilityCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> EligibilityCheckView:
    """Ask the payer. The answer is there a moment later in real time, or the next days in batch."""
    now = clock.now()
    taker = await taker_of(tx, body.payer_id, "270", npi=body.provider.npi, at=now)
    question = body.question(taker.payer_name)
    occasion = Occasion(new_id(), "request", now)
    inquiry = new_inquiry(
        tx.tenant_id, "270", payer_id=body.payer_id, taker=taker, occasion=occasion
    )
    check = EligibilityCheck(
        inquiry=inquiry,
        patient_id=body.patient_id,
        provider_npi=body.provider.npi,
        service_date=body.service_date,
        service_type_codes=question.service_type_codes,
        coverage_status=None,
        error_codes=(),
        question=question,
    )
    await eligibility.add(tx, check)
    response.headers["Location"] = f"/eligibility-checks/{inquiry.inquiry_id}"
    response.headers["Retry-After"] = "1"
    return EligibilityCheckView.of(check)


@router.post("/eligibility-checks:validate", scope="EligibilityCheck.c", audit=False)
async def post_eligibility_validate(
    body: EligibilityCreate, tx: RequestTx, clock: RequestClock
) -> ValidView:
    """The same checks, and nothing is asked or kept."""
    taker = await taker_of(tx, body.payer_id, "270", npi=body.provider.npi, at=clock.now())
    return ValidView(partner_id=taker.partner_id)


@router.get("/eligibility-checks", scope="EligibilityCheck.s")
async def get_eligibility_checks(
    tx: RequestTx,
    paging: Paging,
    *,
    patient_id: Annotated[UUID | None, Query()] = None,
    payer_id: Annotated[PayerId | None, Query()] = None,
    status: Annotated[InquiryStatus | None, Query()] = None,
    coverage_status: Annotated[CoverageStatus | None, Query()] = None,
) -> Page[EligibilityCheckView]:
    """Newest first."""
    after = paging.after(UUID)
    rows = await eligibility.list_page(
        tx,
        patient_id=patient_id,
        payer_id=payer_id,
        status=status,
        coverage_status=coverage_status,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[EligibilityCheckView].of(
        rows, paging, key=lambda row: (row.inquiry.inquiry_id,), view=EligibilityCheckView.of
    )


@router.get(
    "/eligibility-checks/{check_id}",
    scope="EligibilityCheck.r",
    audit_read=True,
    audit_id="check_id",
)
async def get_eligibility_check(check_id: UUID, tx: RequestTx) -> EligibilityCheckDetail:
    """The answer as soon as there is one; its file is `answer_interchange_id`."""
    return EligibilityCheckDetail.of(
        found(await eligibility.find(tx, check_id), "eligibility check")
    )


@router.get(
    "/eligibility-checks/{check_id}/persons",
    scope="EligibilityCheck.r",
    audit_read=True,
    audit_id="check_id",
)
async def get_eligibility_persons(check_id: UUID, tx: RequestTx) -> CoveredPersonsView:
    """Whom we asked about, and whom the payer has under that id."""
    check = found(await eligibility.find(tx, check_id), "eligibility check")
    asked, answer = check.question, check.answer
    return CoveredPersonsView(
        member_id=asked.member_id if asked else "",
        group_number=asked.group_number if asked else "",
        subscriber=_person(asked.subscriber if asked else None),
        dependent=_person(asked.dependent if asked else None),
        answered_member_id=answer.member_id if answer else None,
        answered_group_number=answer.group_number if answer else None,
        answered_person=_person(answer.person if answer else None),
    )


def _person(person: AskedPerson | None) -> PersonView | None:
    return PersonView.model_validate(person) if person else None
