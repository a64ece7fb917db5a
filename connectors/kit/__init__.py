"""What connectors are built and proven with."""
