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


class KeyNotFound(Refusal):
    """There is no key with this id."""

    code = "KEY_NOT_FOUND"

    def __init__(self, id_: str) -> None:
        super().__init__(f"There is no key {id_}.")


class TooManyKeys(Refusal):
    """An owner has as many keys as it takes to put one in the place of another."""

    code = "TOO_MANY_KEYS"

    def __init__(self, owner: str) -> None:
        super().__init__(f"{owner} has two keys that are good: revoke one first.")
