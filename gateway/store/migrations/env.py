"""Alembic's environment: runs on the connection that `gateway.store.migrate` hands over, never on a URL of its own."""

from alembic import context

import gateway.store.console_tables
import gateway.store.exchange_tables
import gateway.store.feed_tables
import gateway.store.partner_tables
import gateway.store.tables  # noqa: F401  -- likewise
from gateway.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
