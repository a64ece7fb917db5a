"""Which page of the shop comes next? Search, filter, order and keyset cursors of the listing."""

import base64
import binascii
import hashlib
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import orjson

from connectors.sandbox.retailer.catalogue import Model, Words

FALLBACK = "en"
KEY_PARTS = 2  # what it is sorted by, and the id


class BadCursorError(ValueError):
    """The cursor is not one of this listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a visitor wants to see."""

    language: str
    order: str
    text: str
    collection: str

    @property
    def mark(self) -> str:
        """A short name of this listing, kept in its cursors."""
        parts = (self.language, self.order, self.text, self.collection)
        return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing, with the cursor of every model."""

    models: tuple[tuple[str, Model], ...]
    more: bool
    count: int


def page(models: tuple[Model, ...], wanted: Wanted, *, size: int, after: str | None) -> Page:
    """The page behind `after`.

    Raises:
        BadCursorError: `after` was not given out by this listing.
    """
    key = _by_newest if wanted.order == "newest" else _by_title(wanted.language)
    listed = sorted((model for model in models if _matches(model, wanted)), key=key)
    start = 0 if after is None else bisect_right(listed, _read(after, wanted), key=key)
    shown = listed[start : start + size]
    return Page(
        models=tuple((_write(key(model), wanted), model) for model in shown),
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


def _by_title(language: str) -> Callable[[Model], list[str]]:
    return lambda model: [folded(_in(model.names, language)), model.id]


def _by_newest(model: Model) -> list[str]:
    """Newest first, as text that sorts upwards."""
    return [f"{10**11 - int(model.published.timestamp()):011}", model.id]


def _write(key: list[str], wanted: Wanted) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([wanted.mark, *key])).decode().rstrip("=")


def _read(cursor: str, wanted: Wanted) -> list[str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        mark, *parts = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadCursorError("unreadable") from error
    key = [str(part) for part in parts]
    if mark != wanted.mark or len(key) != KEY_PARTS:
        raise BadCursorError("of another listing")
    return key
