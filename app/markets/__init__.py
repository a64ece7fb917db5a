"""Marketplaces that sell for us: their orders come in, what we have and what it costs goes out."""
