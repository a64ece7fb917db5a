"""Which page of the shop comes next? Search, filter and order of the listing, by keyset."""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from connectors.sandbox.retailer.catalogue import Model, Words

FALLBACK = "en"
Place = tuple[str, str]
"""What a model is sorted by, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a visitor wants to see."""

    language: str
    order: str
    text: str
    collection: str


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing, with what every model is sorted by."""

    models: tuple[tuple[str, Model], ...]
    more: bool
    count: int


def page(models: tuple[Model, ...], wanted: Wanted, *, size: int, after: Place | None) -> Page:
    """The page behind `after`, whether or not a model stands there."""
    key = _by_newest if wanted.order == "newest" else _by_title(wanted.language)
    listed = sorted((model for model in models if _matches(model, wanted)), key=key)
    start = 0 if after is None else bisect_right(listed, after, key=key)
    shown = listed[start : start + size]
    return Page(
        models=tuple((key(model)[0], model) for model in shown),
        more=start + len(shown) < len(listed),
        count=len(listed),
    )


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """The text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _matches(model: Model, wanted: Wanted) -> bool:
    if wanted.collection and wanted.collection not in {
        model.collection.id,
        model.collection.handle,
    }:
        return False
    words = folded(wanted.text).split()
    if not words:
        return True
    title = folded(f"{_in(model.names, wanted.language)} {model.brand}")
    skus = folded(" ".join(article.sku for article in model.articles))
    return all(word in title or word in skus for word in words)


def _in(words: Words, language: str) -> str:
    return words.get(language) or words[FALLBACK]


def _by_title(language: str) -> Callable[[Model], Place]:
    return lambda model: (folded(_in(model.names, language)), model.id)


def _by_newest(model: Model) -> Place:
    """Newest first, as text that sorts upwards."""
    return f"{10**11 - int(model.published.timestamp()):011}", model.id
