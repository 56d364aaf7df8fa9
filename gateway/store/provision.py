"""The databases and roles of a fresh server; safe to run again at every start."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection, sql

SUPERUSER = "lead_superuser"
"""Only makes what is below; no part of the program works under it."""

OWNER = "lead_owner"
"""Owns both databases and migrates them."""

SERVE = "lead_serve"
"""What the program works under: owns nothing."""

DATABASES = ("lead", "lead_keys")


def provision(connection: Connection[Any], passwords: Mapping[str, str]) -> None:
    """Make roles and databases that are missing and set the passwords. `connection`: superuser, autocommit."""
    for role, password in passwords.items():
        _role(connection, role, password)
    for database in DATABASES:
        make_database(connection, database)


def make_database(connection: Connection[Any], name: str, *, template: str | None = None) -> None:
    """Make a database of OWNER, which SERVE may enter and nobody else, unless there is one of that name."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        make = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}")
        source = sql.Identifier(template or "template0")
        strategy = sql.SQL("FILE_COPY" if template else "WAL_LOG")
        connection.execute(make.format(sql.Identifier(name), sql.Identifier(OWNER), source, strategy))
    shut = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
    enter = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(SERVE))
    connection.execute(shut)
    connection.execute(enter)


def _role(connection: Connection[Any], role: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION PASSWORD {}")
    verb = sql.SQL("ALTER" if known else "CREATE")
    connection.execute(statement.format(verb, sql.Identifier(role), sql.Literal(verifier)))
