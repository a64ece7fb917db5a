"""Loyalty: whose are how many points, and what are they good for?"""
