"""One cent wrong in an 835, in eight places: who sees it?"""

import contextlib
import io
import logging
import re
from collections.abc import Callable

import oxedi
import pyx12.params
import pyx12.x12n_document
from rich.console import Console
from rich.table import Table
from x12sdk.io import X12ModelReader

from bench.x12_floors import Unbalanced, bare_loop, remittance_file
from rcm_x12 import remittance_835
from rcm_x12.check import check_file
from rcm_x12.findings import Finding
from rcm_x12.remittance_835 import Trailer

FAULTS = {
    "line": (r"(?<=~CAS\*CO\*45\*)(\d+)", r"1\1"),
    "claim": (r"(?<=~CLP\*)(C\d+\*1\*[\d.]+\*)(\d+)", r"\g<1>1\2"),
    "transaction": (r"(?<=~BPR\*I\*)(\d+)", r"1\1"),
    "PLB": (r"(\*WO:P\d+\*)(\d+)", r"\g<1>1\2"),
    "three decimals": (r"(\*WO:P\d+\*\d+\.\d\d)", r"\g<1>0"),
    "count": (r"(?<=~SE\*)(\d+)", r"1\1"),
    "sign": (r"(?<=~CAS\*CO\*45\*)(\d+)", r"-\1"),
    "SVC03": (r"(~SVC\*HC:\d+\*[\d.]+\*)(\d+)", r"\g<1>1\2"),
}
"""What is changed, once, by its name."""


def reads(content: bytes) -> bool:
    findings: list[Finding] = []
    items = list(remittance_835.stream(content, findings))
    return not all(item.is_balanced for item in items if isinstance(item, Trailer))


def checks(content: bytes) -> bool:
    return check_file(content).blocks


def loops(content: bytes) -> bool:
    try:
        for _ in bare_loop([content]):
            pass
    except Unbalanced:
        return True
    return False


def oxedi_sees(content: bytes) -> bool:
    return bool(oxedi.parse(content).diagnostics)


def x12sdk_sees(content: bytes) -> bool:
    """It says so by raising, whatever type."""
    try:
        with X12ModelReader(content.decode()) as reader:
            return not list(reader.models())
    except Exception:  # noqa: BLE001 - it has no exception of its own
        return True


def pyx12_sees(content: bytes) -> bool:
    text = io.StringIO(content.decode())
    return not pyx12.x12n_document.x12n_document(pyx12.params.params(), text, None, None)


JUDGES: dict[str, Callable[[bytes], bool]] = {
    "read": reads,
    "check": checks,
    "bare loop": loops,
    "oxedi": oxedi_sees,
    "x12sdk": x12sdk_sees,
    "pyx12": pyx12_sees,
}


def seen() -> dict[str, set[str]]:
    """Faults that each judge sees; the faultless file must please them all."""
    clean = remittance_file(1, 3).decode()
    found: dict[str, set[str]] = {}
    logging.disable(logging.CRITICAL)
    try:
        for name, judge in JUDGES.items():
            with contextlib.redirect_stderr(io.StringIO()):
                assert not judge(clean.encode()), name
                found[name] = {
                    fault
                    for fault, (old, new) in FAULTS.items()
                    if judge(_changed(clean, old, new).encode())
                }
    finally:
        logging.disable(logging.NOTSET)
    return found


def _changed(clean: str, old: str, new: str) -> str:
    text, count = re.subn(old, new, clean, count=1)
    assert count == 1
    return text


def measure(console: Console) -> None:
    """Prints who sees what."""
    found = seen()
    table = Table("money fault", *found)
    for fault in FAULTS:
        table.add_row(fault, *("seen" if fault in ones else "-" for ones in found.values()))
    table.add_row("of 8", *(str(len(ones)) for ones in found.values()))
    console.print(table)
