"""Where what we own is kept: one act, one transaction, with the facts it tells."""

from app.store.auditing import Actor, acting
from app.store.facts import Fact
from app.store.opening import open_store
from app.store.work import Scrubbing, Store, StoreUnavailable, TextNotKeptError, Work

__all__ = [
    "Actor",
    "Fact",
    "Scrubbing",
    "Store",
    "StoreUnavailable",
    "TextNotKeptError",
    "Work",
    "acting",
    "open_store",
]
