"""Events over HTTP: told to whoever cannot hold a connection, and heard from systems outside."""
