"""Bombs of growing size, one kind for each way in which a small text can mean much work."""

import gc
import sys
from collections.abc import Callable, Mapping
from typing import Any

from app.api.admission import build_gate
from app.api.schema import build_schema
from app.engine.gate import Gate, NotAdmittedError
from app.settings import Requests
from tests.attacks.corpus import bomb, deep, spread

SIZES = range(10, 201, 10)
Bomb = tuple[str, Mapping[str, Any]]


def ample_gate() -> Gate:
    """A gate whose limits of form are out of the way, so that the work is done."""
    ample = {"tokens": 10**6, "depth": 10**3, "aliases": 10**6, "directives": 10**6}
    more = {"root_fields": 10**6, "document": 10**6, "lines": 10**6}
    limits = {f"max_{name}": most for name, most in (ample | more).items()}
    requests = Requests.model_validate(limits | {"document_cache": 0})
    return build_gate(build_schema(tell=False), requests, introspection=False)


def plain(make: Callable[[int], str]) -> Callable[[int], Bomb]:
    return lambda n: (make(n), {})


SERIES: Mapping[str, Callable[[int], Bomb]] = {
    "fragments": plain(bomb),
    "a chain of fragments": plain(lambda n: bomb(0).replace("F0", f"F{n}") + _chain(n)),
    "inline fragments": plain(lambda n: "{ product(id: 1) {" + "...{" * n + "id" + "}" * (n + 2)),
    "side by side": plain(
        lambda n: "{ product(id: 1) {" + spread(n, "... on Product { id }") + "} }"
    ),
    "nested objects": plain(
        lambda n: (
            "{ product(id: 1) {" + "variants { product {" * (n // 3) + "id" + "}}" * (n // 3) + "}}"
        )
    ),
    "aliases": plain(lambda n: "{" + spread(n, "a%: __typename") + "}"),
    "directives": plain(lambda n: "{ __typename" + " @skip(if: false)" * n + "}"),
    "variables": plain(
        lambda n: f"query ({spread(n, '$v%: ID!')}) {{ nodes(ids: [{spread(n, '$v%')}]) {{ id }} }}"
    ),
    "operations": plain(lambda n: spread(n, "query Q% { __typename }")),
    "input objects": plain(
        lambda n: (
            "{ locations(near: "
            + "{ a: " * (n * 9 // 10)
            + "1"
            + "}" * (n * 9 // 10)
            + ") { totalCount } }"
        )
    ),
    "input objects in variables": lambda n: (
        "query ($v: GeoPointInput) { locations(near: $v) { totalCount } }",
        {"v": deep(n)},
    ),
    "lists": plain(
        lambda n: "{ nodes(ids: " + "[" * (n * 9 // 10) + "]" * (n * 9 // 10) + ") { id } }"
    ),
    "lists in variables": lambda n: (
        "query ($v: [ID!]!) { nodes(ids: $v) { id } }",
        {"v": [1] * n},
    ),
    "comments": plain(lambda n: "{ __typename }" + "#\n" * n),
    "block strings": plain(lambda n: '{ product(handle: """' + " x\n" * n + '""") { id } }'),
    "escapes": plain(lambda n: '{ product(handle: "' + "\\n" * n + '") { id } }'),
    "long names": plain(lambda n: "{ " + "x" * n + " }"),
}


def _chain(n: int) -> str:
    links = " ".join(f"fragment F{i} on Product {{ id ...F{i - 1} }}" for i in range(1, n + 1))
    return f" {links} fragment F0 on Product {{ name }}"


def steps(gate: Gate, bomb: Bomb) -> tuple[int, str]:
    """How many functions are called, the same on every machine, and the verdict.

    Garbage of others has functions that are called when it is found: that is not looked for here.
    """
    count = 0

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before, looking = sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(counted)
    try:
        said = tried(gate, bomb)
    finally:
        sys.setprofile(before)
        if looking:
            gc.enable()
    return count, said


def tried(gate: Gate, bomb: Bomb) -> str:
    """What the gate says."""
    text, variables = bomb
    try:
        gate.admit(text, operation_name=None, variables=variables)
    except NotAdmittedError as refused:
        return refused.excess.measure if refused.excess else refused.stage.value
    return "admitted"
