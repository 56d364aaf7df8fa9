"""Bring a database to the shape that this program knows: our tables by alembic, the job tables by Procrastinate."""

from importlib.resources import as_file, files
from typing import Final

import procrastinate
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text

from gateway.store.provision import SERVE
from gateway.store.roles import grant_serving

_HAS_JOBS: Final = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")

# Procrastinate looks for others with the lock of each candidate: without this, every fetch reads all jobs that wait.
_JOBS_BY_LOCK: Final = text(
    "CREATE INDEX IF NOT EXISTS ix_job_lock ON procrastinate_jobs (lock) WHERE status IN ('todo', 'doing')"
)


def _config(connection: Connection | None, location: str) -> Config:
    config = Config()
    config.set_main_option("script_location", location)
    config.attributes["connection"] = connection
    return config


def migrate(owner_url: str, serving_role: str = SERVE) -> None:
    """Migrate to the newest revision. Idempotent; one transaction, so that nothing half-migrated is kept.

    `owner_url` is a SQLAlchemy URL of the owning role, never of the serving role (design.md 6).
    """
    engine = create_engine(owner_url)
    try:
        with engine.begin() as connection, as_file(files("gateway.store") / "migrations") as folder:
            connection.execute(text("SELECT pg_advisory_xact_lock(5150)"))
            command.upgrade(_config(connection, str(folder)), "head")
            if not connection.execute(_HAS_JOBS).scalar_one():
                _make_job_tables(connection)
            connection.execute(_JOBS_BY_LOCK)
            grant_serving(connection, serving_role)
    finally:
        engine.dispose()


def _make_job_tables(connection: Connection) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(procrastinate.schema.SchemaManager.get_schema().encode())


def at_head(engine: Engine) -> bool:
    """Say whether the database is at the newest revision that this program ships."""
    with engine.connect() as connection, as_file(files("gateway.store") / "migrations") as folder:
        script = ScriptDirectory.from_config(_config(None, str(folder)))
        return MigrationContext.configure(connection).get_current_revision() == script.get_current_head()
