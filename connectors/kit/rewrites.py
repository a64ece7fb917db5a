"""What would the same answer look like if the vendor sent it wrong? Rewrites of JSON bodies.

They know no vendor: a row is an object in a list, wherever the list stands (REST, GraphQL,
JSON-RPC). A body that is not JSON passes unchanged; a specimen whose answers are not JSON brings
its own rewrites.
"""

from collections.abc import Callable
from typing import Any

import orjson

from connectors.kit.specimen import Rewrite


def _of_json(change: Callable[[Any], Any]) -> Rewrite:
    def rewrite(body: bytes) -> bytes:
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return body
        return orjson.dumps(change(document))

    return rewrite


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _repeated(value: Any) -> Any:
    """Every row twice. Only the outermost lists: a repeated row repeats what it holds."""
    if _is_rows(value):
        return value + value
    if isinstance(value, dict):
        return {key: _repeated(inner) for key, inner in value.items()}
    return value


def _emptied(value: Any) -> Any:
    if _is_rows(value):
        return []
    if isinstance(value, dict):
        return {key: _emptied(inner) for key, inner in value.items()}
    return value


def _mistyped(value: Any) -> Any:
    """Every text, number and truth value wrapped in an object nobody expects."""
    if isinstance(value, dict):
        return {key: _mistyped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mistyped(inner) for inner in value]
    return None if value is None else {"unexpected": value}


REPEATED = _of_json(_repeated)
EMPTIED = _of_json(_emptied)
MISTYPED = _of_json(_mistyped)


def halved(body: bytes) -> bytes:
    """The first half of a document, as if the rest had been lost before it was sent."""
    return body[: len(body) // 2]
