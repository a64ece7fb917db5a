from datetime import timedelta

import pytest

from app.availability import promised
from tests.databases import address, empty, migrated_postgres, postgres, store

__all__ = ["address", "empty", "migrated_postgres", "postgres", "store"]


@pytest.fixture(autouse=True)
def a_busy_machine_is_no_silent_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promised, "WITHIN", timedelta(seconds=30))
