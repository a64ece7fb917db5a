"""The page for trying things out, with example operations in its tabs."""

from functools import cache
from pathlib import Path

import orjson

from app.api.examples import EXAMPLES

TEMPLATE = Path(__file__).with_name("graphiql.html")


@cache
def page() -> str:
    """GraphiQL; where its scripts cannot be loaded, a plain form that does the same."""
    tabs = [{"title": one.title, "query": f"# {one.title}\n{one.document}\n"} for one in EXAMPLES]
    examples = orjson.dumps(tabs).decode().replace("<", "\\u003c")
    return TEMPLATE.read_text(encoding="utf-8").replace("__EXAMPLES__", examples)
