"""HL: the numbers of a hierarchy, derived while it is written."""


class Levels:
    """Numbers the levels of one transaction set from 1."""

    def __init__(self) -> None:
        self._last = 0

    def open(self, parent: int, code: str, *, has_child: bool | None) -> tuple[int, str]:
        """The next level's number and its HL; parent 0 is none, `has_child` None leaves HL04 out.

        A parent's number is the one that its own HL was given.
        """
        self._last += 1
        above = str(parent) if parent else ""
        child = "" if has_child is None else f"*{int(has_child)}"
        return self._last, f"HL*{self._last}*{above}*{code}{child}"
