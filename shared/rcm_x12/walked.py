"""What every reader of a whole set begins with."""

from rcm_x12.findings import Finding
from rcm_x12.framing import SetHead
from rcm_x12.layout import Guide
from rcm_x12.walker import Walk


class WalkedSet:
    """Takes the segments of one ST through its guide; a reader adds `close`, which makes values."""

    def __init__(self, head: SetHead, layout: Guide) -> None:
        self._component = head.separators.component
        self._walk = Walk(layout, component=self._component, repetition=head.separators.repetition)
        self.findings: list[Finding] = self._walk.findings
        self.feed = self._walk.feed
