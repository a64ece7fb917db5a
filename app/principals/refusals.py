"""Why is somebody not taken for who they say they are?"""

from app.errors import Refusal


class CredentialRefused(Refusal):
    """The proof is none. One message for all reasons, so that nobody is helped in forging one.

    `reason` is for our own log: a fixed word, nothing that was in the credential.
    """

    code = "UNAUTHENTICATED"

    def __init__(self, reason: str) -> None:
        super().__init__("The credentials are not valid, or not any more: sign in again.")
        self.reason = reason


class KeysUnavailable(Refusal):
    """Nobody can say whether the proof is one: its issuer does not tell its keys."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The credentials cannot be checked now: try again in a moment.")
