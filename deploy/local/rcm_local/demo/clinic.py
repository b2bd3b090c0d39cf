"""A seeded clinic: the same seed makes the same people and visits, day by day the same."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from rcm_local.demo import catalogue

Body = dict[str, Any]

# Type 2 and type 1 identifiers that pass their check digit; none is a real provider's.
BILLING_NPI, RENDERING_NPIS = "1234567893", ("1000000004", "1000000012", "1000000020")
BILLING: Body = {
    "npi": BILLING_NPI,
    "name": "Lindenfeld Family Clinic",
    "tax_id": "123456789",
    "taxonomy_code": "261QP2300X",
    "address": {
        "line_1": "1 Linden Square",
        "city": "Springfield",
        "state": "IL",
        "postal_code": "627010001",
    },
}
# Well within every payer's filing limit.
RECENT_DAYS = 80
RENDERING_NAMES = (("Quinby", "Alma"), ("Rowan", "Basil"), ("Sorrel", "Carmen"))


@dataclass(frozen=True, slots=True)
class Clinic:
    """How many people and visits, and which of all possible clinics."""

    patients: int = 200
    encounters: int = 600
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Patient:
    """A person with an insurance, as the practice system knows them."""

    number: int
    person: Body
    payer_id: str
    member_id: str
    extra_procedure_code: str | None


def patients(clinic: Clinic, marks: Sequence[Mapping[str, str]], today: date) -> list[Patient]:
    """The clinic's people. `marks` say by what each one's claims ask the payer for an outcome: the
    end of the member id, or a procedure that is billed with every visit."""
    chance = random.Random(f"patients {clinic.seed}")  # noqa: S311 - a repeatable invention
    return [
        _patient(chance, number, clinic, mark=marks[number % len(marks)], today=today)
        for number in range(clinic.patients)
    ]


def visits(clinic: Clinic, people: Sequence[Patient], *, run: int, today: date) -> Iterator[Body]:
    """Every visit's body for `POST /encounters`. `run` counts the demos, so that a later one brings
    other visits of the same people instead of duplicates."""
    chance = random.Random(f"visits {clinic.seed} {run}")  # noqa: S311 - a repeatable invention
    weights = [kind.weight for kind in catalogue.KINDS]
    each = -(-clinic.encounters // len(people))
    for number in range(clinic.encounters):
        round_, place = divmod(number, len(people))
        patient = people[place]
        kind = chance.choices(catalogue.KINDS, weights)[0]
        day = _day(clinic, patient, run * each + round_, today)
        body = _visit(kind, patient, day, chance.randrange(len(RENDERING_NPIS)))
        yield {"external_id": f"demo-{clinic.seed}-{run}-{number:05d}", **body}


def _day(clinic: Clinic, patient: Patient, visit: int, today: date) -> date:
    """A recent day that none of the patient's last visits was on: two claims of one patient, day
    and procedure would be held as duplicates."""
    order = list(range(RECENT_DAYS))
    random.Random(f"days {clinic.seed} {patient.number}").shuffle(order)  # noqa: S311 - as above
    yesterday = today.toordinal() - 1
    return date.fromordinal(yesterday - (yesterday - order[visit % RECENT_DAYS]) % RECENT_DAYS)


def _patient(
    chance: random.Random,
    number: int,
    clinic: Clinic,
    *,
    mark: Mapping[str, str],
    today: date,
) -> Patient:
    female = chance.random() < 0.55
    names = catalogue.FIRST_NAMES_F if female else catalogue.FIRST_NAMES_M
    city, state, postal_code = chance.choice(catalogue.CITIES)
    birth_date = today.replace(day=1) - timedelta(days=chance.randrange(19 * 365, 64 * 365))
    person = {
        "external_id": f"demo-{clinic.seed}-{number:05d}",
        "last_name": chance.choice(catalogue.LAST_NAMES),
        "first_name": chance.choice(names),
        "birth_date": birth_date.isoformat(),
        "sex": "F" if female else "M",
        "address": {
            "line_1": f"{chance.randrange(1, 99)} {chance.choice(catalogue.STREETS)}",
            "city": city,
            "state": state,
            "postal_code": postal_code,
        },
    }
    payer_id = list(catalogue.PAYERS)[number % len(catalogue.PAYERS)]
    member_id = f"W{clinic.seed:03d}{number:06d}{mark.get('member_id_suffix', '')}"
    return Patient(number, person, payer_id, member_id, mark.get("procedure_code"))


def _visit(kind: catalogue.Kind, patient: Patient, day: date, rendering: int) -> Body:
    services = list(kind.services)
    if patient.extra_procedure_code is not None:
        services.append((patient.extra_procedure_code, (0,)))
    last_name, first_name = RENDERING_NAMES[rendering]
    return {
        "patient": patient.person,
        "date_of_service": day.isoformat(),
        "place_of_service_code": "11",
        "billing_provider": BILLING,
        "rendering_provider": {
            "npi": RENDERING_NPIS[rendering],
            "name": last_name,
            "first_name": first_name,
            "taxonomy_code": "207Q00000X",
        },
        "coverages": [
            {
                "rank": "primary",
                "payer_id": patient.payer_id,
                "payer_name": catalogue.PAYERS[patient.payer_id],
                "filing_code": "CI",
                "relationship": "self",
                "member_id": patient.member_id,
            }
        ],
        "diagnoses": [
            {"code": code, "code_type": "ABF" if position else "ABK"}
            for position, code in enumerate(kind.diagnoses)
        ],
        "lines": [
            {
                "procedure_code": procedure,
                "diagnosis_pointers": list(pointers),
                "date_of_service": day.isoformat(),
            }
            for procedure, pointers in services
        ],
    }
