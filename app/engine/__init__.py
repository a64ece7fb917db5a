"""GraphQL execution: the gate before it, plans, encoders. It knows no noun of commerce."""
