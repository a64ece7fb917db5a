"""What do the other systems know of people? All of them are asked at once; the silent are named."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from app.errors import UpstreamBroken, UpstreamError
from app.ports import Answer, CustomerDirectory, PurchaseHistory
from app.upstream.asking import asked

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One connection, guarded. `timeout` bounds one call of its ports."""

    connection: str
    port: CustomerDirectory
    history: PurchaseHistory | None
    timeout: timedelta

    async def asked(self, call: Callable[[], Awaitable[T]]) -> T:
        """What a call of one of its ports comes to.

        Raises:
            UpstreamError: it let us down.
        """
        return await asked(self.connection, call, within=self.timeout)


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """Rows by the system that told them. `silent`: why others, or parts of them, are missing."""

    rows: tuple[tuple[str, T], ...]
    silent: Mapping[str, UpstreamError]


Question = Callable[[Directory], Coroutine[Any, Any, Answer[T]] | None]


@dataclass(frozen=True, slots=True)
class Directories:
    """Every system whose customers are recognised, by connection."""

    known: Mapping[str, Directory]

    async def everywhere(self, question: Question[T]) -> Told[T]:
        """What all of them tell; one for which the question is None is not asked."""
        calls = {
            name: directory.asked(lambda call=call: call)  # type: ignore[misc]  # one that waits
            for name, directory in self.known.items()
            if (call := question(directory)) is not None
        }
        answers = await asyncio.gather(*calls.values(), return_exceptions=True)
        rows: list[tuple[str, T]] = []
        silent: dict[str, UpstreamError] = {}
        for name, answer in zip(calls, answers, strict=True):
            if isinstance(answer, UpstreamError):
                silent[name] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                rows += [(name, row) for row in answer.rows]
                if answer.rejected:
                    silent[name] = UpstreamBroken("some of it could not be read")
        return Told(tuple(rows), silent)

    def of(self, names: Collection[str]) -> "Directories":
        """Some of them."""
        return Directories({name: one for name, one in self.known.items() if name in names})
