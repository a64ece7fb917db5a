"""GraphQL and HTTP: the only place that speaks them, one file per noun."""
