"""`python -m app.cli …` is `tessera …`."""

from app.cli import main

main()
