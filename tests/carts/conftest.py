from tests.databases import address, empty, migrated_postgres, postgres, store

__all__ = ["address", "empty", "migrated_postgres", "postgres", "store"]
