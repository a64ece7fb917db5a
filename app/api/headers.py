"""What headers does a request have? Each is read when somebody looks at it, which few do."""

from collections.abc import Collection, Iterable

from starlette.types import Scope

LISTS = ("accept", "accept-encoding", "accept-language", "if-none-match", "tracestate")


class RequestHeaders:
    """The first value of each header, by its name in lower case.

    Those that are lists may be told in several lines, which are one list (RFC 9110, 5.3).
    """

    def __init__(self, scope: Scope) -> None:
        self._given: list[tuple[bytes, bytes]] = list(scope["headers"])
        self._first = dict(reversed(self._given))
        if len(self._first) < len(self._given):
            self._join()

    def __contains__(self, name: str) -> bool:
        return name.encode("latin-1") in self._first

    def get(self, name: str) -> str | None:
        """The value of one, None if it was not given."""
        value = self._first.get(name.encode("latin-1"))
        return None if value is None else str(value, "latin-1")

    def values(self, names: Iterable[bytes]) -> tuple[bytes | None, ...]:
        """Those of some."""
        return tuple(map(self._first.get, names))

    def among(self, names: Collection[bytes]) -> dict[str, str]:
        """What was given of some."""
        given = self._first
        return {str(one, "latin-1"): str(given[one], "latin-1") for one in names if one in given}

    def times(self, name: bytes) -> int:
        """How often a header was given."""
        if len(self._first) == len(self._given):
            return int(name in self._first)
        return sum(given == name for given, _ in self._given)

    def _join(self) -> None:
        for name in map(str.encode, LISTS):
            lines = [value for given, value in self._given if given == name]
            if len(lines) > 1:
                self._first[name] = b", ".join(lines)
