"""Tessera: one GraphQL schema over everything a retailer sells through and from."""
