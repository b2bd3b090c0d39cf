"""The bad values themselves, for IK404: looked up in the file, since no finding ever quotes one."""

from collections.abc import Iterable

from rcm_x12.ack_999.answer import Copy
from rcm_x12.findings import Finding
from rcm_x12.pieces import at
from rcm_x12.tokenizer import Separators, blocks


def copier(source: bytes | Iterable[bytes], findings: Iterable[Finding]) -> Copy:
    """A `copy` for `acknowledge` over the file that the findings are about.

    What goes into a 999 so may be a patient's; it returns to the one who sent it.
    """
    wanted = {finding.position for finding in findings if finding.element}
    kept: dict[int, tuple[list[str], Separators]] = {}
    for block in blocks(source, []) if wanted else ():
        for position, text in enumerate(block.segments, block.first):
            if position in wanted:
                kept[position] = text.split(block.separators.element), block.separators

    def copy(finding: Finding) -> str:
        if finding.position not in kept:
            return ""
        segment, separators = kept[finding.position]
        value = at(segment, finding.element)
        if finding.repetition:
            value = at(value.split(separators.repetition), finding.repetition - 1)
        if finding.component:
            value = at(value.split(separators.component), finding.component - 1)
        return value

    return copy
