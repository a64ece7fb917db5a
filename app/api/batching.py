"""A field that needs the outside is written once, for many parents.

A batch function takes the parents, the context and the field's arguments by keyword, and gives as
many answers in the same order. Here an aiodataloader drives it: parents that are reached together
are answered by one call for each distinct set of arguments. The function stays reachable in the
field's metadata under `BATCH`, so that an executor can also call it directly. The engine takes its
first step at once and may let another task go on with it: it must not hold a time limit or set a
context variable over its first wait.
"""

import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar, get_args

import strawberry
from aiodataloader import DataLoader

from app.api.context import Context, Info

P = TypeVar("P")
R = TypeVar("R")
BATCH = "batch"
BatchFunction = Callable[..., Coroutine[Any, Any, Sequence[Any]]]


def batched(function: BatchFunction, *, description: str) -> Any:
    """The field that a batch function answers.

    `function` is `async (parents, context, *, argument, ...) -> Sequence[Answer]`; the field takes
    its arguments and has the type `Answer`.
    """

    async def resolve(self: object, info: Info, **arguments: Any) -> Any:
        return await _loader(info.context, function, arguments).load(self)

    parents, context, *arguments = inspect.signature(function).parameters.values()
    (answer,) = get_args(inspect.signature(function).return_annotation)
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # read by inspect
        [
            parents.replace(name="self", annotation=inspect.Parameter.empty),
            context.replace(name="info", annotation=Info),
            *arguments,
        ],
        return_annotation=answer,
    )
    resolve.__name__ = function.__name__
    resolve.__module__ = function.__module__
    return strawberry.field(resolver=resolve, description=description, metadata={BATCH: function})


def _loader(
    context: Context, function: BatchFunction, arguments: dict[str, Any]
) -> DataLoader[Any, Any]:
    """One loader an operation for each field and set of arguments."""
    key = (function, repr(arguments))
    if key not in context.loaders:

        async def load(parents: list[Any]) -> list[Any]:
            with context.at_work():
                return list(await function(parents, context, **arguments))

        context.loaders[key] = DataLoader(load, cache=False, get_cache_key=id)
    return context.loaders[key]
