"""What headers does a request have? Looked up many times, so they are read once."""

from starlette.types import Scope

LISTS = ("accept", "accept-encoding", "accept-language", "if-none-match", "tracestate")


class RequestHeaders(dict[str, str]):
    """The first value of each header, by its name in lower case.

    Those that are lists may be told in several lines, which are one list (RFC 9110, 5.3).
    """

    def __init__(self, scope: Scope) -> None:
        self._given: list[tuple[bytes, bytes]] = list(scope["headers"])
        given = reversed(self._given)
        super().__init__({str(name, "latin-1"): str(value, "latin-1") for name, value in given})
        if len(self) < len(self._given):
            self._join()

    def times(self, name: str) -> int:
        """How often a header was given."""
        wanted = name.encode("latin-1")
        return sum(given == wanted for given, _ in self._given)

    def _join(self) -> None:
        for name in LISTS:
            lines = [value for given, value in self._given if given == name.encode()]
            if len(lines) > 1:
                self[name] = b", ".join(lines).decode("latin-1")
