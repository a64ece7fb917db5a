"""How is one GraphQL operation sent over HTTP, and what does its answer mean?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import RejectedRow, WireRequest, WireResponse
from connectors.kit.rows import json_body, list_at

CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
UNKNOWN_CODE = "an error without a code"
NO_ENTRY = frozenset({"FORBIDDEN", "UNAUTHORIZED"})
FAILED = frozenset({"INTERNAL_SERVER_ERROR", UNKNOWN_CODE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A named GraphQL operation; a failure under an `optional` root field means null."""

    name: str
    call: str
    document: str
    path: str = "admin-api"
    safe: bool = True
    optional: frozenset[str] = frozenset()

    def request(
        self,
        variables: Mapping[str, Any],
        *,
        headers: Mapping[str, str],
        query: Sequence[tuple[str, str]] = (),
    ) -> WireRequest:
        """The call that carries out the operation."""
        body = {"operationName": self.name, "query": self.document, "variables": variables}
        return WireRequest(
            operation=self.call,
            method="POST",
            path=self.path,
            safe=self.safe,
            query=query,
            headers={"content-type": "application/json", **headers},
            body=orjson.dumps(body),
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of `errors`: its code, and the place in `data` it is about."""

    code: str
    path: tuple[object, ...]

    def row(self) -> tuple[str, int] | None:
        """The root field and index, when the fault is about one row of a list."""
        match self.path:
            case (str(field), "items", int(index), *_):
                return field, index
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an operation was answered with, before judging it."""

    operation: Operation
    data: Mapping[str, Any]
    faults: tuple[Fault, ...]
    headers: Mapping[str, str]
    as_of: datetime

    @classmethod
    def of(cls, operation: Operation, response: WireResponse) -> "Reply":
        """The decoded answer.

        Raises:
            UpstreamBroken: it is not a GraphQL answer.
        """
        body = json_body(response)
        data, errors = (body.get("data"), body.get("errors")) if isinstance(body, dict) else (0, 0)
        if not isinstance(data, dict | None) or not isinstance(errors, list | None):
            raise UpstreamBroken(f"answered {operation.call} with JSON that is not GraphQL")
        if data is None and not errors:
            raise UpstreamBroken(f"answered {operation.call} with neither data nor errors")
        return cls(
            operation=operation,
            data=data or {},
            faults=tuple(_fault(error) for error in errors or ()),
            headers=response.headers,
            as_of=response.date,
        )

    def judged(self) -> "Reply":
        """The reply itself, when all that failed are single rows.

        Raises:
            UpstreamUnauthorized: our account lacks a right.
            UpstreamRefused: the question cannot be answered.
            UpstreamUnavailable: the server failed.
        """
        if self.refused():
            raise UpstreamUnauthorized(f"the account may not {self.operation.call}")
        for fault in self.faults:
            if not self._survived(fault):
                raise self._error(fault.code)
        return self

    def refused(self) -> bool:
        """Whether anything was kept from us."""
        return any(fault.code in NO_ENTRY for fault in self.faults)

    def rows(self, field: str) -> list[Any]:
        """The sound rows of a list."""
        broken = self._broken(field)
        rows = list_at(self.data, field, "items")
        return [row for index, row in enumerate(rows) if index not in broken]

    def rejected(self, field: str) -> tuple[RejectedRow, ...]:
        """The rows of a list that the server itself could not read."""
        rows = list_at(self.data, field, "items")
        return tuple(
            RejectedRow(_id(rows[index]), f"answered with {code}")
            for index, code in sorted(self._broken(field).items())
            if index < len(rows)
        )

    def ids(self, field: str, name: str = "id") -> list[str]:
        """The ids of all rows of a list, sound or not, in the list's order."""
        return [_id(row, name) for row in list_at(self.data, field, "items")]

    def word(self, *path: str) -> str:
        """The text under a path of the data.

        Raises:
            UpstreamBroken: there is none.
        """
        found = self._at(path)
        if not isinstance(found, str):
            raise self._unlike(path)
        return found

    def number(self, *path: str) -> int:
        """The whole number under a path of the data; see `word`."""
        found = self._at(path)
        if not isinstance(found, int) or isinstance(found, bool):
            raise self._unlike(path)
        return found

    def flag(self, *path: str) -> bool:
        """What is true or false under a path of the data; see `word`."""
        found = self._at(path)
        if not isinstance(found, bool):
            raise self._unlike(path)
        return found

    def total(self, field: str) -> int:
        """How long the whole list is; see `word`."""
        return max(0, self.number(field, "totalItems"))

    def _at(self, path: tuple[str, ...]) -> object:
        found: object = self.data
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return found

    def _unlike(self, path: tuple[str, ...]) -> UpstreamBroken:
        return UpstreamBroken(f"answered {self.operation.call} without a sound {'.'.join(path)}")

    def _broken(self, field: str) -> dict[int, str]:
        places = ((fault.row(), fault.code) for fault in self.faults)
        return {place[1]: code for place, code in places if place is not None and place[0] == field}

    def _survived(self, fault: Fault) -> bool:
        if fault.path and fault.path[0] in self.operation.optional:
            return bool(self.data)
        place = fault.row()
        return place is not None and self.data.get(place[0]) is not None

    def _error(self, code: str) -> UpstreamError:
        kind = UpstreamUnavailable if code in FAILED else UpstreamRefused
        return kind(f"answered {self.operation.call} with {code}")


def _fault(error: Any) -> Fault:
    entry = error if isinstance(error, Mapping) else {}
    extensions, path = entry.get("extensions"), entry.get("path")
    code = extensions.get("code") if isinstance(extensions, Mapping) else None
    known = isinstance(code, str) and CODE.fullmatch(code) is not None
    return Fault(
        code=str(code) if known else UNKNOWN_CODE,
        path=tuple(path) if isinstance(path, list) else (),
    )


def _id(row: Any, name: str = "id") -> str:
    return str(row.get(name, "?")) if isinstance(row, Mapping) else "?"
