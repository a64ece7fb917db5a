"""What is said of a request that is not GraphQL over HTTP?"""

from app.api.outcomes import Outcome, refused


class BadRequest(Exception):  # noqa: N818  an answer, not a failure of ours
    """A request that is not GraphQL over HTTP; the outcome says what to change."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


def bad(status: int, message: str, **headers: str) -> BadRequest:
    """One with a message."""
    return BadRequest(refused(message, "BAD_REQUEST", status, **headers))
