"""How are objects made that answers have by the hundred? As fast as rows: as structures."""

import dataclasses
from typing import Any, TypeVar, cast

import msgspec
from strawberry.types import get_object_definition, has_object_definition

from app.engine.unchanging import Unchanging

T = TypeVar("T")
KEPT = ("forms", Any, None), ("frames", Any, None)  # where what is `Unchanging` keeps its own
OWN = frozenset({"__dict__", "__weakref__", "__init__", "__repr__", "__eq__", "__match_args__"})


def light(cls: type[T]) -> type[T]:
    """The same strawberry type, with objects that cost a sixth; put it above `strawberry.type`.

    Python's garbage collector does not look at them: none may refer to what refers to it.
    Its bases may be interfaces of the schema, and `Unchanging`.

    Raises:
        TypeError: it has another base.
    """
    lasts = Unchanging in cls.__bases__
    kept = KEPT[: 2 if getattr(cls, "framed", False) else 1] if lasts else ()
    known = (object, Unchanging)
    if any(base not in known and not has_object_definition(base) for base in cls.__bases__):
        raise TypeError(f"{cls.__name__} has a base that its objects would not have")
    fields = [_field(one) for one in dataclasses.fields(cast("Any", cls)) if one.init]
    names = {name for name, *_ in fields}
    rest = {name: one for name, one in vars(cls).items() if name not in OWN | names}
    made = msgspec.defstruct(
        cls.__name__,
        [*fields, *kept],
        bases=(Unchanging, msgspec.Struct) if lasts else None,
        namespace=rest,
        module=cls.__module__,
        kw_only=True,
        gc=False,
    )
    get_object_definition(cls, strict=True).origin = made
    return cast("type[T]", made)


def _field(one: "dataclasses.Field[Any]") -> tuple[str, Any] | tuple[str, Any, Any]:
    if one.default_factory is not dataclasses.MISSING:
        return one.name, Any, msgspec.field(default_factory=one.default_factory)
    if one.default is not dataclasses.MISSING:
        return one.name, Any, one.default
    return one.name, Any
