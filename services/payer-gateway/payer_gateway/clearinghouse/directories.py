"""What SFTP and folders have in common: names in two directories, and who may see which."""

import re
from uuid import uuid4

from payer_gateway.clearinghouse.transport import PartnerRefused

NAME_LENGTH = 255
UNFINISHED = (".part", ".tmp", ".filepart")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
_FOUND = re.compile(r"[\x20-\x7e]+")


def require_name(file_name: str) -> None:
    """Raises `PartnerRefused` for a name of ours that no directory may hold."""
    if not _NAME.fullmatch(file_name) or file_name.startswith("."):
        raise PartnerRefused("the file's name is not one that a directory may hold")


def temporary_name(file_name: str) -> str:
    """Hidden and unlike any other: two writers of one file never share half of it."""
    return f".{file_name}.{uuid4().hex[:12]}.part"


def is_finished(name: str) -> bool:
    """Whether a name in the outbound directory is a file that the partner has let go of."""
    return (
        bool(_FOUND.fullmatch(name))
        and len(name) <= NAME_LENGTH
        and "/" not in name
        and not name.startswith(".")
        and not name.lower().endswith(UNFINISHED)
    )
