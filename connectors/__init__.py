"""The outside world: one folder per vendor, plus the kit they are built with."""
