"""What a caller did wrong; `rcm.service` turns it into RFC 9457 problem responses in one place."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pointer:
    """One place in the request (JSON pointer, or a header's or parameter's name) and its reason.

    The reason never repeats the value that was sent: it may be a patient's.
    """

    pointer: str
    reason: str


@dataclass(slots=True, eq=False)
class Problem(Exception):  # noqa: N818 - it is a problem document, not an error of ours
    """A refusal. Subclasses fix the status; clients branch on `error_name`, which is stable."""

    error_name: str
    detail: str
    pointers: tuple[Pointer, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 400

    def __str__(self) -> str:
        return f"{self.error_name}: {self.detail}"


@dataclass(slots=True, eq=False)
class Unauthorized(Problem):
    """No token, or one that proves nothing."""

    status: int = 401


@dataclass(slots=True, eq=False)
class Forbidden(Problem):
    """A good token that does not allow this."""

    status: int = 403


@dataclass(slots=True, eq=False)
class NotFound(Problem):
    """No such thing for this tenant. Another tenant's thing is answered the same way."""

    status: int = 404


@dataclass(slots=True, eq=False)
class Conflict(Problem):
    """The thing is in a state that does not allow this, or the same request is in flight."""

    status: int = 409


@dataclass(slots=True, eq=False)
class PreconditionFailed(Problem):
    """`If-Match` names a version that is no longer the newest."""

    status: int = 412


@dataclass(slots=True, eq=False)
class Unprocessable(Problem):
    """Well formed, but breaks a rule; `pointers` name each place."""

    status: int = 422


@dataclass(slots=True, eq=False)
class Unavailable(Problem):
    """The database or another necessity does not answer; the client may try again later."""

    status: int = 503
