"""What Alembic runs: migrations over the connection that `storage.database` hands in."""

from alembic import context

import storage.embedding_tables
import storage.evidence_tables
import storage.federation_tables
import storage.fleet_tables
import storage.people_tables
import storage.progress_tables
import storage.quota_tables
import storage.result_tables
import storage.source_tables
import storage.sweep_tables
import storage.upload_tables  # noqa: F401 (their tables belong to the metadata)
from storage.tables import Table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata)
with context.begin_transaction():
    context.run_migrations()
