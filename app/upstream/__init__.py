"""Reaching the outside safely."""
