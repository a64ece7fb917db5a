"""Answers that are kept: on what terms, where, and until what happens? Knows no noun of ours."""
