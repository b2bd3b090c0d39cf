"""What is wrong with a file that should become a release."""

from dataclasses import dataclass

FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class LoadFault:
    """One exact place and its reason; quotes no more of the file than a column's name."""

    file: str
    reason: str
    row: int = 0
    """From 1, as a spreadsheet or editor counts lines; 0 for the whole file."""
    column: str = ""

    def __str__(self) -> str:
        place = self.file
        if self.row:
            place += f", row {self.row}"
        if self.column:
            place += f", column {self.column}"
        return f"{place}: {self.reason}"


class LoadRefused(Exception):  # noqa: N818 - the fact is the name
    """Nothing was loaded, and why. The active release is as it was."""

    def __init__(self, *faults: LoadFault) -> None:
        self.faults = faults
        shown = [str(each) for each in faults[:FAULTS_SHOWN]]
        if len(faults) > FAULTS_SHOWN:
            shown.append(f"and {len(faults) - FAULTS_SHOWN} more")
        super().__init__("\n".join(shown))
