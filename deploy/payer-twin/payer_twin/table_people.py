"""Rows about inquiries: what a 276 is told of a claim, and a 270 of a member."""

from typing import Final, Literal

from payer_twin.plan import DAY_S, PLAIN, AnswerClaim, AnswerGroup, Denial, Pay, Rules, SayStatus
from payer_twin.row import Benefits, Scenario


def _told(number: int, code: str, summary: str, told: SayStatus) -> Scenario:
    steps = (AnswerGroup(), AnswerClaim(), told, Pay(after_s=7 * DAY_S))
    return Scenario(code, summary, "inquiry", number, steps)


def _refused(
    number: int,
    code: str,
    level: Literal["source", "receiver", "subscriber", "dependent"],
    reason: tuple[str, str],
) -> Scenario:
    summary = f"a 270 is refused at {level} level (AAA {reason[0]}); claims as by default"
    benefits = Benefits("refused", level, *reason)
    return Scenario(code, summary, "inquiry", number, PLAIN, benefits=benefits)


STATUS: Final = (
    _told(86, "status-pended", "a 276 is told P2:45 (in review) until the 835 after 7 days",
          SayStatus(category_code="P2", status_code="45")),
    _told(87, "status-requests", "a 276 is told R3:294 (more is needed) until the 835 after 7 days",
          SayStatus(category_code="R3", status_code="294")),
    _told(88, "status-system-error", "the first 276 gets E1:0, the next ones the truth; paid after"
          " 7 days", SayStatus(category_code="E1", status_code="0", times=1)),
)  # fmt: skip

ELIGIBILITY: Final = (
    Scenario("not-covered-any-more", "a 270 is told inactive (EB 6); claims are denied (CO-27)",
             "inquiry", 89,
             (AnswerGroup(), AnswerClaim(), Pay(rules=Rules(denial=Denial("CO", "27")))),
             benefits=Benefits("inactive")),
    Scenario("dependent-as-subscriber", "a 270 about a dependent is answered at subscriber level",
             "inquiry", 90, benefits=Benefits(as_subscriber=True)),
    _refused(91, "source-unavailable", "source", ("42", "R")),
    _refused(92, "provider-unknown", "receiver", ("43", "C")),
    _refused(93, "member-id-invalid", "subscriber", ("72", "C")),
    _refused(94, "birth-date-mismatch", "subscriber", ("71", "C")),
    _refused(95, "name-invalid", "subscriber", ("73", "C")),
    _refused(96, "member-not-found", "subscriber", ("75", "C")),
    _refused(97, "dependent-not-found", "dependent", ("67", "C")),
    _refused(98, "dependent-birth-date", "dependent", ("71", "C")),
)  # fmt: skip

ROWS: Final = (*STATUS, *ELIGIBILITY)
