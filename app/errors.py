"""Every error the gateway raises on purpose, named by what the catcher should do.

```text
GatewayError
├── Refusal                  the business says no: shown to the caller as a typed Problem
├── InvalidInputError        the caller asked for something that cannot be: say what to change
├── UpstreamError            another system let us down; reads become UNKNOWN or STALE
│   ├── UpstreamUnavailable    try again: timeout, cut connection, 5xx, open breaker
│   ├── UpstreamThrottled      try again after `retry_after`
│   ├── UpstreamRefused        do not try again: a 4xx that a repeat cannot change
│   ├── UpstreamUnauthorized   do not try again: our credentials are wrong, page the owner
│   └── UpstreamBroken         do not try again: the answer cannot be understood
└── MisconfiguredError       only at start-up: the process must not come up
```
"""

from datetime import timedelta


class GatewayError(Exception):
    """Root of the family; nobody raises it directly."""


class Refusal(GatewayError):  # noqa: N818  a refusal is an answer, not an error
    """The business says no. Subclasses set `code`, the `ProblemCode` shown to clients."""

    code: str


class InvalidInputError(GatewayError):
    """The caller's input cannot be answered; the message says what to change.

    `argument` names the offending argument in the schema's spelling.
    """

    def __init__(self, message: str, *, argument: str) -> None:
        super().__init__(message)
        self.argument = argument


class UpstreamError(GatewayError):
    """Another system let us down.

    The message may be shown to clients: it holds no address, credential, payload or personal data.
    """

    code = "UPSTREAM_ERROR"
    retryable = False

    def __init__(self, message: str, *, status: int | None = None, body: bytes = b"") -> None:
        """`status` and `body` are the vendor's HTTP answer, for connectors; never shown."""
        super().__init__(message)
        self.status = status
        self.body = body


class UpstreamUnavailable(UpstreamError):  # noqa: N818  house names, see the tree above
    """Try again later: timeout, refused or cut connection, 5xx, 408, 425, open breaker."""

    code = "UPSTREAM_UNAVAILABLE"
    retryable = True


class UpstreamThrottled(UpstreamError):  # noqa: N818
    """Try again after `retry_after`."""

    code = "UPSTREAM_THROTTLED"
    retryable = True

    def __init__(
        self, message: str, *, retry_after: timedelta, status: int | None = None, body: bytes = b""
    ) -> None:
        super().__init__(message, status=status, body=body)
        self.retry_after = retry_after


class UpstreamRefused(UpstreamError):  # noqa: N818
    """Do not try again: the upstream understood and said no (4xx)."""

    code = "UPSTREAM_REFUSED"


class UpstreamUnauthorized(UpstreamError):  # noqa: N818
    """Do not try again: the upstream does not accept our credentials."""

    code = "UPSTREAM_UNAUTHORIZED"


class UpstreamBroken(UpstreamError):  # noqa: N818
    """Do not try again: the answer is not what the vendor's contract says."""

    code = "UPSTREAM_BROKEN"


class MisconfiguredError(GatewayError):
    """The configuration cannot work; each problem is one line that says what to change."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
