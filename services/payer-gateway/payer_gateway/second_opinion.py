"""What pyx12, an independent validator of the guides, says of a file: advice beside our own check.

It is asked only about guides that it knows, since it fails on any other. Whatever it raises is a
finding too. Its own messages quote the file, so none is kept or logged: a finding has the place,
the acknowledgment code that it gave, and a sentence of ours.

A file of 5,000 claims keeps one core busy for ten seconds; call it in a worker process.
"""

import io
import logging
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, Final

import pyx12.error_handler
import pyx12.map_if
import pyx12.map_index
import pyx12.map_walker
import pyx12.params
import pyx12.x12file
import pyx12.x12n_document

from rcm_x12.findings import Finding, Severity

KNOWN: Final = frozenset(
    {"005010X222A1", "005010X223A2", "005010X221A1", "005010X214", "005010X231A1"}
)
FINDINGS_MAX: Final = 500
_SENT: Final = frozenset({"005010X222A1", "005010X223A2"})
"""What we send is held back by its errors; of what we receive they are notes."""
# Its lists of these end in 2014, so that it refuses codes which every payer uses.
_OUTDATED: Final = "remark_code,claim_status,claim_status_cat"

_SEGMENT: Final = {
    "1": "there is no segment of this name",
    "2": "the segment is unexpected here",
    "3": "a required segment is missing",
    "4": "the loop stands here too often",
    "5": "the segment stands here too often",
    "8": "the segment has errors",
}
_ELEMENT: Final = {
    "1": "a required element is missing",
    "2": "a conditional element is missing",
    "3": "there are too many elements",
    "4": "the element is too short",
    "5": "the element is too long",
    "6": "the element has an invalid character",
    "7": "the code is not listed",
    "8": "the date is invalid",
    "9": "the time is invalid",
    "10": "the element is not used here",
}
_OTHER: Final = "something is wrong here"

_log = logging.getLogger("pyx12")
_log.addHandler(logging.NullHandler())
_log.propagate = False


def second_opinion(content: bytes) -> tuple[Finding, ...]:
    """Findings of pyx12 on a file, at most FINDINGS_MAX; empty when it has nothing to say."""
    try:
        text = _plain(content)
        versions = _versions(text)
        unknown = [version for version in versions if version not in KNOWN]
        if unknown or not versions:
            return (_note("validator-not-asked", "a guide of the file is not one that it knows"),)
        severity: Severity = "error" if set(versions) <= _SENT else "warning"
        return tuple(islice(_findings(_judged(text), severity), FINDINGS_MAX))
    except Exception:  # noqa: BLE001 - it raises anything on bad input, and its text quotes the file
        return (_note("validator-failed", "the second validator could not finish this file"),)


def _note(code: str, message: str) -> Finding:
    return Finding(code, "warning", message)


def _plain(content: bytes) -> str:
    """The text without a byte order mark, and without white space between segments."""
    text = content.decode("utf-8-sig", errors="replace").lstrip()
    terminator = re.escape(text[105:106] or "~")
    return re.sub(rf"(?<={terminator})\s+", "", text) if terminator.strip("\\\r\n") else text


def _versions(text: str) -> list[str]:
    """GS08 of every group."""
    element, terminator = text[3:4], text[105:106]
    groups = (one.split(element) for one in text.split(terminator) if one.startswith("GS"))
    return [group[8] if len(group) > 8 else "" for group in groups]


@cache
def _parameters() -> Any:
    params = pyx12.params.params()
    params.set("exclude_external_codes", _OUTDATED)
    return params


@cache
def _map(name: str) -> Any:
    """A guide's map; reading one costs 150 ms, and the same one serves every file."""
    return pyx12.map_if.load_map_file(name, _parameters())


def _judged(text: str) -> Any:
    """The tree of errors after a walk through the file."""
    errors = pyx12.error_handler.err_handler()
    source = pyx12.x12file.X12Reader(io.StringIO(text))
    control = _map("x12.control.00501.xml")
    walker, index = pyx12.map_walker.walk_tree(), pyx12.map_index.map_index()
    node, current = control.getnodebypath("/ISA_LOOP/ISA"), None
    for segment in source:
        came_from, name = node, segment.get_seg_id()
        if name == "ISA":
            node = control.getnodebypath("/ISA_LOOP/ISA")
            walker.forceWalkCounterToLoopStart("/ISA_LOOP", "/ISA_LOOP/ISA")
        elif name == "GS":
            file_name = index.get_filename(
                "00501", segment.get_value("GS08"), segment.get_value("GS01")
            )
            current = _map(file_name)
            source.check_837_lx = current.id == "837"
            node = current.getnodebypath("/ISA_LOOP/GS_LOOP/GS")
            walker.forceWalkCounterToLoopStart("/ISA_LOOP/GS_LOOP", "/ISA_LOOP/GS_LOOP/GS")
        else:
            place = (source.get_seg_count(), source.get_cur_line(), source.get_ls_id())
            node, _, _, found = walker.walk_errors(node, segment, *place)
            pyx12.x12n_document.apply_walk_errors(errors, found)
        if node is None:
            node = came_from
            continue
        _place(errors, node, segment, source)
        pyx12.x12n_document.apply_segment_errors(node, segment, errors)
    source.cleanup()
    errors.handle_errors(source.pop_errors())
    return errors


def _place(errors: Any, node: Any, segment: Any, source: Any) -> None:
    """Tell the tree of errors which segment is at hand."""
    opening = {"ISA": errors.add_isa_loop, "GS": errors.add_gs_loop, "ST": errors.add_st_loop}
    closing = {"SE": errors.close_st_loop, "GE": errors.close_gs_loop, "IEA": errors.close_isa_loop}
    name = segment.get_seg_id()
    if name in opening:
        opening[name](segment, source)
    elif name not in closing:
        where = (source.get_seg_count(), source.get_cur_line(), source.get_ls_id())
        errors.add_seg(node, segment, *where)
    errors.handle_errors(source.pop_errors())
    if name in closing:
        closing[name](node, segment, source)


def _findings(tree: Any, severity: Severity) -> Iterator[Finding]:
    """Every error of the tree, from the interchange down to the components."""
    for interchange in tree.children:
        yield from _node_findings(interchange, "ISA", severity)
        for group in interchange.children:
            yield from _node_findings(group, "GS", severity)
            for each in group.children:
                yield from _node_findings(each, "ST", severity)
                for segment in each.children:
                    yield from _node_findings(segment, segment.seg_id, severity)


def _node_findings(node: Any, name: str, severity: Severity) -> Iterator[Finding]:
    position = node.get_cur_line()
    at_set = getattr(node, "seg_count", 0)
    name = name if name.isalnum() and len(name) <= 3 else "?"
    for error in node.errors:
        message = _SEGMENT.get(error[0], _OTHER)
        yield Finding(
            f"pyx12-segment-{error[0]}", severity, message, name, position, at_set,
            snip=2, x12_code=error[0],
        )  # fmt: skip
    for element in node.elements:
        for error in element.errors:
            message = _ELEMENT.get(error[0], _OTHER)
            place = (element.ele_pos or 0, element.subele_pos or 0)
            yield Finding(
                f"pyx12-element-{error[0]}", severity, message, name, position, at_set, "",
                *place, 0, str(element.ele_ref_num or ""), snip=2, x12_code=error[0],
            )  # fmt: skip
