"""Rows about acknowledgments: rejections at every level, silence at every hop, and late answers."""

from typing import Final

from payer_twin.plan import (
    DAY_S,
    AnswerClaim,
    AnswerGroup,
    AnswerInterchange,
    By,
    Level,
    Pay,
    Step,
)
from payer_twin.row import Family, Scenario

_TAKEN_ON: Final = AnswerClaim(by="clearinghouse", category_code="A0", status_code="16")
_REASONS: Final[dict[Level, tuple[str, str]]] = {
    "batch": ("24", "41"),
    "provider": ("562", "85"),
    "claim": ("33", "IL"),
    "line": ("454", ""),
}
"""STC01-2 and -3: what each level is rejected for."""


def _refused(number: int, code: str, by: By, level: Level) -> Scenario:
    status, entity = _REASONS[level]
    step = AnswerClaim(
        by=by, level=level, category_code="A7", status_code=status, entity_code=entity
    )
    before: tuple[Step, ...] = (AnswerGroup(),)
    if by == "payer" and code != "rejected":
        before = (AnswerGroup(), _TAKEN_ON)
    summary = f"the {by}'s 277CA rejects the {level} (A7:{status}); never adjudicated"
    return Scenario(code, summary, "rejection", number, (*before, step))


def _row(number: int, code: str, summary: str, family: Family, *steps: Step) -> Scenario:
    return Scenario(code, summary, family, number, steps)


REJECTIONS: Final = (
    _refused(30, "rejected", "payer", "claim"),
    _refused(31, "clearinghouse-rejects-claim", "clearinghouse", "claim"),
    _refused(32, "payer-rejects-line", "payer", "line"),
    _refused(33, "clearinghouse-rejects-line", "clearinghouse", "line"),
    _refused(34, "payer-rejects-provider", "payer", "provider"),
    _refused(35, "clearinghouse-rejects-provider", "clearinghouse", "provider"),
    _refused(36, "payer-rejects-batch", "payer", "batch"),
    _refused(37, "clearinghouse-rejects-batch", "clearinghouse", "batch"),
    _row(38, "two-hops", "the clearinghouse passes it on (A0), then the payer takes it (A2), paid",
         "acknowledgment", AnswerGroup(), _TAKEN_ON, AnswerClaim(), Pay()),
)  # fmt: skip

FILES: Final = (
    _row(40, "set-rejected",
         "the 999 rejects the claim's transaction set: AK9 R, or P when other sets stand",
         "acknowledgment", AnswerGroup(code="R")),
    _row(41, "group-rejected", "the 999 rejects the whole group (AK9 R)", "acknowledgment",
         AnswerGroup(code="R", whole_group=True)),
    _row(42, "accepted-with-errors", "the 999 notes an error and accepts (IK5 E), paid",
         "acknowledgment", AnswerGroup(code="E"), AnswerClaim(), Pay()),
    _row(43, "interchange-rejected", "a TA1 rejects the interchange (R, note 024)",
         "acknowledgment", AnswerInterchange(code="R", note_code="024")),
    _row(44, "interchange-acknowledged", "a TA1 (A) that nobody asked for, then as usual",
         "acknowledgment", AnswerInterchange(), AnswerGroup(), AnswerClaim(), Pay()),
)  # fmt: skip

SILENCE: Final = (
    _row(45, "silent", "nothing is ever answered, not even by a 999", "time"),
    _row(46, "silent-after-999", "a 999, then nothing", "time", AnswerGroup()),
    _row(47, "silent-after-277ca", "taken by the payer, then no 835 ever", "time",
         AnswerGroup(), AnswerClaim()),
    _row(48, "silent-after-clearinghouse", "the clearinghouse passes it on (A0), then nothing",
         "time", AnswerGroup(), _TAKEN_ON),
    _row(50, "late-999", "the 999 comes after 3 days, the rest the day after", "time",
         AnswerGroup(after_s=3 * DAY_S), AnswerClaim(after_s=4 * DAY_S), Pay(after_s=4 * DAY_S)),
    _row(51, "late-277ca", "the payer's 277CA comes after 10 days, the 835 the day after", "time",
         AnswerGroup(), AnswerClaim(after_s=10 * DAY_S), Pay(after_s=11 * DAY_S)),
    _row(52, "late-835", "the 835 comes after 45 days", "time",
         AnswerGroup(), AnswerClaim(), Pay(after_s=45 * DAY_S)),
)  # fmt: skip

ROWS: Final = (*REJECTIONS, *FILES, *SILENCE)
