"""Documents near the limits, made at random: where is the worst one?"""

from collections.abc import Callable
from random import Random

LEAVES = {
    "Product": ("id", "handle", "name", "description", "brand", "locale", "asOf", "nope"),
    "ProductVariant": ("id", "sku", "gtin", "name", "locale", "l: options { name }"),
    "Location": ("id", "code", "name", "kind", "services", "phone", "distanceKm"),
    "Upstream": ("name", "connector", "kind", "ports", "state", "rejectedRows"),
}
OBJECTS = {
    "Product": (
        ("variants(first: 1)", "ProductVariant"),
        ("images { url } variants", "ProductVariant"),
    ),
    "ProductVariant": (("product", "Product"), ("availability(first: 1) { location", "Location")),
    "Location": (),
    "Upstream": (),
}
ROOTS = {
    "Product": "product(id: 1)",
    "ProductVariant": 'variants(skus: ["a"])',
    "Location": 'location(code: "A")',
    "Upstream": "upstreams",
}
ARGUMENTS = (
    "near: { latitude: 1, longitude: 2 }, first: 1",
    'locations: ["a", "b"], methods: [SHIP_TO_HOME]',
    'maxAge: "PT1S"',
    "near: $n, first: $f",
)
SIZES = (1, 2, 5, 10, 20, 30, 45, 60, 90, 150, 250, 400, 800, 1_500)


def made(chance: Random) -> str:
    """One document, valid or not."""
    return chance.choice(KINDS)(chance, chance.choice(tuple(ROOTS)))


def _times(many: int, what: str) -> str:
    return " ".join(what.replace("%", str(n)) for n in range(many))


def _fields(chance: Random, kind: str, many: int, deep: int = 4) -> str:
    """Fields of one type, some of them with fields of their own."""
    return " ".join(_field(chance, kind, deep) for _ in range(many))


def _field(chance: Random, kind: str, deep: int) -> str:
    way = chance.random() if deep else 0
    few = chance.randrange(1, 6)
    if way < 0.7 or (way > 0.85 and not OBJECTS[kind]):
        return chance.choice(LEAVES[kind])
    if way < 0.85:
        opening = chance.choice(("...", f"... on {kind} @include(if: true)", f"... on {kind}"))
        return f"{opening} {{ {_fields(chance, kind, few, deep - 1)} }}"
    opening, below = chance.choice(OBJECTS[kind])
    closing = "}" * (1 + opening.count("{") - opening.count("}"))
    return f"{opening} {{ {_fields(chance, below, few, deep - 1)} {closing}"


def _wide(chance: Random, kind: str) -> str:
    return f"{{ {ROOTS[kind]} {{ {_fields(chance, kind, chance.choice(SIZES))} }} }}"


def _side_by_side(chance: Random, kind: str) -> str:
    """Fragments that are spread in one place."""
    many, few = chance.choice(SIZES[:10]), chance.choice(SIZES[:5])
    parts = (f"fragment F{n} on {kind} {{ {_fields(chance, kind, few)} }}" for n in range(many))
    return f"{{ {ROOTS[kind]} {{ {_times(many, '...F%')} }} }} {' '.join(parts)}"


def _one_after_another(chance: Random, kind: str) -> str:
    many, few = chance.choice(SIZES[:10]), chance.choice(SIZES[:5])
    parts = (
        f"fragment F{n} on {kind} {{ {_fields(chance, kind, few)} ...F{n + 1} }}"
        for n in range(many)
    )
    queries = _times(chance.choice((1, 1, 10)), f"query Q% {{ {ROOTS[kind]} {{ ...F0 }} }}")
    return f"{queries} {' '.join(parts)} fragment F{many} on {kind} {{ id }}"


def _many_variables(chance: Random, kind: str) -> str:
    many = chance.choice(SIZES[:11])
    declared = chance.choice(("ID!", "[[ID!]!]!", "ID! = 1", "GeoPointInput = {latitude: 1}"))
    given, fields = _times(many, "$v%"), _fields(chance, kind, chance.choice(SIZES[:8]))
    head = _times(many, f"$v%: {declared}")
    return f"query ({head}) {{ {ROOTS[kind]} {{ {fields} }} nodes(ids: [{given}]) {{ id }} }}"


def _many_arguments(chance: Random, _kind: str) -> str:
    many, arguments = chance.choice(SIZES[:10]), chance.choice(ARGUMENTS)
    head = "query ($n: GeoPointInput, $f: Int)" if "$" in arguments else ""
    fields = chance.choice(("status", "status freshness", "location { id name } ...{ status }"))
    field = f"availability({arguments}) {{ {fields} }} "
    return f'{head} {{ variants(skus: ["a"]) {{ {field * many} }} }}'


def _many_values(chance: Random, _kind: str) -> str:
    value = chance.choice(
        ('"a"', "1", "ENUM", "{}", '{__typename: "Product", id: 1}', "[1]", "-1e9")
    )
    field = chance.choice(
        ("variants(skus: [%])", "nodes(ids: [%])", "_entities(representations: [%])")
    )
    values = f"{value} " * chance.choice(SIZES)
    return f"{{ {field.replace('%', values)} {{ __typename }} }}"


def _long_text(chance: Random, _kind: str) -> str:
    piece = chance.choice(("x", "\\n", "\\u0041", "é", "\U0001f600"))
    inside = chance.choice(("\n", " a\n", '\\"""', "\r", "\r\n x"))
    many = chance.choice((1_000, 10_000, 29_000))
    plain, block = piece * (many // len(piece)), inside * (many // len(inside))
    text = chance.choice((f'"{plain}"', f'"""{block}"""'))
    rest = _fields(chance, "Product", chance.choice(SIZES))
    padding = chance.choice(("\n", "#\n", ",", "\ufeff", "")) * chance.choice((1, 100, 1_500))
    return f"{padding}{{ product(handle: {text}) {{ {rest} }} }}{padding}"


KINDS: tuple[Callable[[Random, str], str], ...] = (
    *(_wide, _wide, _side_by_side, _side_by_side, _one_after_another),
    *(_many_variables, _many_arguments, _many_values, _long_text),
)
