"""Migrations of our tables, in order."""
