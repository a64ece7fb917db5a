"""Where what we own is kept: one act, one transaction, with the facts it tells."""

from app.store.facts import Fact
from app.store.opening import open_store
from app.store.work import Store, StoreUnavailable, Work

__all__ = ["Fact", "Store", "StoreUnavailable", "Work", "open_store"]
