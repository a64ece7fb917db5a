"""What did a suite find, and which quality rule does it break?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any

from app.errors import UpstreamError
from connectors.kit.question import Reading


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `rule` is the id of the quality rule it breaks most directly."""

    rule: str
    reason: str


class Findings:
    """Where the laws of a port write down what they find, of an upstream that is healthy."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def found(self, rule: str, reason: str) -> None:
        """This is wrong."""
        self.findings.append(Finding(rule, reason))

    def check(self, law: str, found: Any, wanted: Any, rule: str = "conformance") -> None:
        """Anything but what is wanted is wrong."""
        if found != wanted:
            self.found(rule, f"{law}: {found!r}, expected {wanted!r}")

    @contextmanager
    def caught(self, upstream: str) -> Iterator[None]:
        """No error may leave the connector: one that does ends the block, and is written down."""
        try:
            yield
        except UpstreamError as error:
            self.found("conformance", f"{told(error)}; {upstream} is healthy")
        except Exception as bug:  # noqa: BLE001  whatever a connector lets out
            self.found("errors-ours", f"{told(bug)} left the connector")


def told(outcome: Reading | BaseException) -> str:
    """What came instead, in a few words, and where in the code it came from."""
    if isinstance(outcome, Reading):
        rejected = f" and {outcome.rejected} rejected" if outcome.rejected else ""
        return f"an answer of {len(outcome.rows)} rows{rejected}"
    frames = extract_tb(outcome.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(outcome).__name__}{where}: {outcome}"


def is_raw(outcome: Reading | BaseException) -> bool:
    """Whether an error left the connector that is not one of ours."""
    return isinstance(outcome, BaseException) and not isinstance(outcome, UpstreamError)


def leak(error: BaseException, secrets: tuple[str, ...]) -> Finding | None:
    """A message that tells what must not be told."""
    if any(secret in str(error) for secret in secrets):
        what = "an address, a secret or the vendor's own text"
        return Finding("errors-ours", f"{type(error).__name__} tells {what} in its message")
    return None
