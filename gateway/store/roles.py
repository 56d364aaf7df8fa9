"""What the serving role may do, and the proof that it may do no more: the ledger is added to, never changed."""

from typing import Final

from sqlalchemy import Connection, text

from gateway.store.provision import SERVE

LEDGER_TABLES: Final = ("ledger_entry", "ledger_seal", "ledger_checkpoint")
APPEND_ONLY: Final = (
    "organization",
    "participant",
    "consent",
    "item",
    "stop",
    "envelope",
    "site_settings",
    "site_exchange",
    "participant_event",
    "court_order",
    "unlink",
    "feed_event",
)
"""Tables that only grow, so that an old decision can be judged again on what it saw."""
READ_ONLY: Final = ("alembic_version",)

_TABLES: Final = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
_ROLE: Final = text(
    "SELECT EXISTS (SELECT FROM pg_roles any_role WHERE any_role.rolsuper"
    "  AND pg_has_role(session_user, any_role.oid, 'MEMBER')) AS superuser,"
    " rolcreaterole AS creates, rolreplication AS replicates,"
    " pg_has_role(session_user, 'pg_write_server_files', 'MEMBER') AS writes,"
    " pg_has_role(session_user, 'pg_execute_server_program', 'MEMBER') AS executes,"
    " pg_has_role(session_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'MEMBER') AS owns,"
    " has_schema_privilege(session_user, 'public', 'CREATE') AS alters"
    " FROM pg_roles WHERE rolname = session_user"
)
_ROLE_RULES: Final = {
    "superuser": "must not be a superuser",
    "creates": "must not be allowed to create roles",
    "replicates": "must not be allowed to replicate",
    "writes": "must not be a member of `pg_write_server_files`",
    "executes": "must not be a member of `pg_execute_server_program`",
    "owns": "must not be the owner of the database or a member of its role",
    "alters": "must not be allowed to create in schema `public`",
}
_TABLE: Final = text(
    "SELECT bool_or(t.relowner = r.oid) AS owns,"
    " bool_or(has_any_column_privilege(r.oid, t.oid, 'UPDATE')) AS updates,"
    " bool_or(has_table_privilege(r.oid, t.oid, 'DELETE')) AS deletes,"
    " bool_or(has_table_privilege(r.oid, t.oid, 'TRUNCATE')) AS truncates,"
    " bool_or(has_table_privilege(r.oid, t.oid, 'TRIGGER')) AS triggers"
    " FROM pg_class t CROSS JOIN pg_roles r"  # every role that it could become by SET ROLE, itself among them
    " WHERE t.oid = to_regclass(:name) AND pg_has_role(session_user, r.oid, 'MEMBER') GROUP BY t.oid"
)
_TABLE_RULES: Final = {
    "owns": "own",
    "updates": "update",
    "deletes": "delete from",
    "truncates": "truncate",
    "triggers": "put triggers on",
}


def grant_serving(connection: Connection, role: str = SERVE) -> None:
    """Grant the serving role what it needs in schema `public`, as the owner, after migrations. Idempotent.

    INVARIANT: on LEDGER_TABLES it may select and insert, nothing else, whatever was granted before.
    """
    quote = connection.dialect.identifier_preparer.quote
    who = quote(role)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {who}"))
    for table in connection.execute(_TABLES).scalars().all():
        connection.execute(text(f"REVOKE ALL ON public.{quote(table)} FROM PUBLIC, {who}"))
        connection.execute(text(f"GRANT {_rights(table)} ON public.{quote(table)} TO {who}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {who}"))


def _rights(table: str) -> str:
    if table in READ_ONLY:
        return "SELECT"
    return "SELECT, INSERT" if table in (*LEDGER_TABLES, *APPEND_ONLY) else "SELECT, INSERT, UPDATE, DELETE"


def verify_serving_role(connection: Connection) -> list[str]:
    """Say what is wrong with the role of this connection; empty: it cannot change the ledger. Fails closed."""
    role = connection.execute(_ROLE).mappings().one_or_none()
    if role is None:
        return ["serving role: is not known to the database"]
    problems = [f"serving role: {rule}" for name, rule in _ROLE_RULES.items() if role[name]]
    for table in LEDGER_TABLES:
        problems += _table_problems(connection, table)
    return problems


def _table_problems(connection: Connection, table: str) -> list[str]:
    found = connection.execute(_TABLE, {"name": f"public.{table}"}).mappings().one_or_none()
    if found is None:
        return [f"ledger table `{table}`: is missing"]
    return [f"serving role: must not {rule} `{table}`" for name, rule in _TABLE_RULES.items() if found[name]]
