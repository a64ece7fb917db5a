"""What headers does a request have? Looked up many times, so they are read once."""

from starlette.types import Scope


class RequestHeaders(dict[str, str]):
    """The first value of each header, by its name in lower case."""

    def __init__(self, scope: Scope) -> None:
        self._given: list[tuple[bytes, bytes]] = list(scope["headers"])
        given = reversed(self._given)
        super().__init__((name.decode("latin-1"), value.decode("latin-1")) for name, value in given)

    def times(self, name: str) -> int:
        """How often a header was given."""
        wanted = name.encode("latin-1")
        return sum(given == wanted for given, _ in self._given)
