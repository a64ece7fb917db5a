"""What is wrong with a file, in words for the person who wrote it?"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from types import NoneType
from typing import Any, get_args

from pydantic import (
    BaseModel,
    ValidationError,
)


def explain(error: ValidationError, model: type[BaseModel], *, at: str = "") -> Iterator[str]:
    """One line a mistake; a value is never repeated, since it may be a secret."""
    for mistake in error.errors(include_url=False, include_input=False):
        *above, key = mistake["loc"] or ("",)
        steps = (str(step) for step in mistake["loc"] if step != "[key]")
        where = ".".join([*([at] if at else []), *steps])
        if mistake["type"] == "extra_forbidden":
            owner = _model_at(model, above)
            known = owner.model_fields if owner is not None else ()
            yield f"{where}: {unknown(str(key), known, what='key')}"
        else:
            yield f"{where}: {mistake['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def unknown(name: str, known: Iterable[str], *, what: str) -> str:
    """A sentence part about a name nobody knows, with the nearest one somebody does."""
    names = list(known)
    nearest = get_close_matches(name, names, n=1, cutoff=0.5)
    if nearest:
        return f"unknown {what} {name!r}, did you mean {nearest[0]!r}?"
    return f"unknown {what} {name!r}, known: {', '.join(sorted(names)) or 'none'}"


def _model_at(model: type[BaseModel], path: list[int | str]) -> type[BaseModel] | None:
    found: Any = model
    for step in path:
        if isinstance(found, type) and issubclass(found, BaseModel):
            field = found.model_fields.get(str(step))
            found = None if field is None else _present(field.annotation)
        else:
            found = get_args(found)[-1] if get_args(found) else None
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _present(annotation: Any) -> Any:
    """What a section is when it is there."""
    given = [one for one in get_args(annotation) if one is not NoneType]
    return given[0] if NoneType in get_args(annotation) else annotation
