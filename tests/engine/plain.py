"""What does an answer say whose parts may be JSON already?"""

from typing import Any

import orjson


def plain(value: Any) -> Any:
    """The answer as dicts and lists all through."""
    if isinstance(value, orjson.Fragment):
        return orjson.loads(orjson.dumps(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def walked(value: Any) -> int:
    """How many objects there are in data, itself included."""
    if isinstance(value, dict):
        return 1 + sum(map(walked, value.values()))
    return sum(map(walked, value)) if isinstance(value, list) else 0
