"""Runs migrations on the connection it is given."""

from alembic import context

from app.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # whoever gives the connection holds the transaction
    render_as_batch=True,
)
context.run_migrations()
