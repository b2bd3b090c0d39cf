"""Short lists that an operator brings: taxonomy, adjustment reasons, remarks, DRG weights, prices,
and the ZIP codes of a locality."""

from coding_svc.codebook.kinds import Kind, register
from coding_svc.codebook.loaders.declared import (
    Column,
    code,
    day,
    loader,
    procedure,
    scaled,
    text,
)  # fmt: skip

NUCC = register(
    Kind(
        name="nucc",
        summary="Provider taxonomy (NUCC)",
        capability="the check of provider taxonomy codes",
        published_as="the NUCC taxonomy csv",
        licence="operator",
        schema="""CREATE TABLE taxonomy (
          code TEXT PRIMARY KEY, grouping_name TEXT NOT NULL, classification TEXT NOT NULL,
          specialization TEXT NOT NULL) WITHOUT ROWID""",
        load=loader(
            "taxonomy",
            [
                Column(("Code",), code(r"[0-9A-Z]{10}", "a taxonomy code")),
                Column(("Grouping",), text),
                Column(("Classification",), text),
                Column(("Specialization",), text),
            ],
        ),
        counted="taxonomy",
        rows_min=1,
        rows_max=5_000,
    )
)


def _reasons(name: str, summary: str, what: str, shape: str) -> Kind:
    return register(
        Kind(
            name=name,
            summary=summary,
            capability=f"{what} with their dates and texts",
            published_as=f"the list of {what} as tab separated text",
            licence="operator",
            schema="""CREATE TABLE reason (
              code TEXT PRIMARY KEY, description TEXT NOT NULL, started TEXT, modified TEXT,
              stopped TEXT, notes TEXT NOT NULL) WITHOUT ROWID""",
            load=loader(
                "reason",
                [
                    Column(("code",), code(shape, "a code of this list")),
                    Column(("description",), text),
                    Column(("start",), day, is_optional=True),
                    Column(("modified",), day, is_optional=True),
                    Column(("stop",), day, is_optional=True),
                    Column(("notes",), text, is_optional=True),
                ],
            ),
            counted="reason",
            rows_min=1,
            rows_max=5_000,
        )
    )


CARC = _reasons("carc", "Claim adjustment reasons", "adjustment reason codes", r"[0-9A-Z]{1,5}")
RARC = _reasons("rarc", "Remittance remarks", "remark codes", r"M[A]?[0-9]{1,3}|N[0-9]{1,3}")

DRG_WEIGHTS = register(
    Kind(
        name="ms-drg",
        summary="MS-DRG weights (IPPS Table 5)",
        capability="the weight and expected stay of an MS-DRG",
        published_as="Table 5 of the IPPS final rule",
        licence="public",
        schema="""CREATE TABLE drg (
          drg TEXT PRIMARY KEY, post_acute TEXT NOT NULL, special_pay TEXT NOT NULL,
          mdc TEXT NOT NULL, type TEXT NOT NULL, title TEXT NOT NULL, weight INTEGER NOT NULL,
          geometric_stay INTEGER NOT NULL, arithmetic_stay INTEGER NOT NULL) WITHOUT ROWID""",
        load=loader(
            "drg",
            [
                Column(("MS-DRG",), code(r"[0-9]{3}", "an MS-DRG")),
                Column(("FY 2026 Final Post-Acute DRG", "Post-Acute", "FINAL POST"), text),
                Column(("FY 2026 Final Special Pay DRG", "Special Pay", "FINAL SPECIAL"), text),
                Column(("MDC",), text),
                Column(("TYPE",), text),
                Column(("MS-DRG Title",), text),
                # The weight that counts is the one after the 10 % cap, where both are given.
                Column(
                    ("Weights With 10% Cap", "FY 2026 Final Rule Weights", "Weights"), scaled(4)
                ),
                Column(("Geometric mean LOS", "GMLOS"), scaled(1)),
                Column(("Arithmetic mean LOS", "AMLOS"), scaled(1)),
            ],
        ),
        counted="drg",
        rows_min=1,
        rows_max=2_000,
    )
)

CHARGEMASTER = register(
    Kind(
        name="chargemaster",
        summary="A practice's own procedures: code, its own words, price",
        capability="CPT suggestions in the practice's own words, and its prices",
        published_as="a csv with code, description and price",
        licence="operator",
        schema="""CREATE TABLE charge (
            code TEXT NOT NULL, modifier TEXT NOT NULL, description TEXT NOT NULL,
            charge_cents INTEGER NOT NULL, PRIMARY KEY (code, modifier)) WITHOUT ROWID""",
        load=loader(
            "charge",
            [
                Column(("code", "procedure code", "cpt"), procedure),
                Column(
                    ("modifier",), code(r"([0-9A-Z]{2})?", "a modifier or empty"), is_optional=True
                ),
                Column(("description", "procedure description"), text),
                Column(("price", "charge", "amount"), scaled(2)),
            ],
        ),
        counted="charge",
        rows_min=1,
        rows_max=200_000,
    )
)

ZIP_LOCALITY = register(
    Kind(
        name="zip-locality",
        summary="The contractor and locality of a ZIP code",
        capability="the locality of a place of service",
        published_as="the ZIP code to carrier locality file",
        licence="public",
        schema="""CREATE TABLE zip (
          zip TEXT PRIMARY KEY, state TEXT NOT NULL, contractor TEXT NOT NULL,
          locality TEXT NOT NULL) WITHOUT ROWID""",
        load=loader(
            "zip",
            [
                Column(("ZIP CODE", "ZIP"), code(r"[0-9]{5}", "a ZIP code of five digits")),
                Column(("STATE",), code(r"[A-Z]{2}", "a state")),
                Column(("CARRIER",), code(r"[0-9A-Z]{5}", "a contractor number")),
                Column(("LOCALITY",), code(r"[0-9]{2}", "a locality")),
            ],
        ),
        counted="zip",
        rows_min=1,
        rows_max=60_000,
    )
)
