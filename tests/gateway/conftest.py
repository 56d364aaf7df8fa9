"""Databases for the tests of the program: migrated once per worker, then copied."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from gateway.store.keys import migrate_keys
from gateway.store.postgres import EmbeddedPostgres
from gateway.store.provision import OWNER, SERVE, SUPERUSER, make_database

DATA_TEMPLATE = "template_lead"
KEYS_TEMPLATE = "template_keys"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """SQLAlchemy URLs of two fresh, migrated databases, each for the serving and for the owning role."""

    data: str
    data_owner: str
    keys: str
    keys_owner: str


def _migrate(owner_url: str) -> None:
    from gateway.store.migrate import migrate  # noqa: PLC0415  -- only tests with a database need migrations

    migrate(owner_url)


@pytest.fixture(scope="session")
def superuser(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres.conninfo("postgres", SUPERUSER), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def data_template(postgres: EmbeddedPostgres, superuser: psycopg.Connection[Any]) -> str:
    make_database(superuser, DATA_TEMPLATE)
    _migrate(postgres.url(DATA_TEMPLATE, OWNER))
    return DATA_TEMPLATE


@pytest.fixture(scope="session")
def keys_template(postgres: EmbeddedPostgres, superuser: psycopg.Connection[Any]) -> str:
    make_database(superuser, KEYS_TEMPLATE)
    migrate_keys(postgres.url(KEYS_TEMPLATE, OWNER))
    return KEYS_TEMPLATE


def _copy(superuser: psycopg.Connection[Any], template: str) -> str:
    name = f"{template.removeprefix('template_')}_{next(_numbers)}"
    make_database(superuser, name, template=template)
    return name


def _drop(superuser: psycopg.Connection[Any], name: str) -> None:
    superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def keys_urls(
    postgres: EmbeddedPostgres, superuser: psycopg.Connection[Any], keys_template: str
) -> Iterator[tuple[str, str]]:
    """A fresh key store alone: the URLs of the serving and of the owning role."""
    name = _copy(superuser, keys_template)
    yield postgres.url(name, SERVE), postgres.url(name, OWNER)
    _drop(superuser, name)


@pytest.fixture
def database_urls(
    postgres: EmbeddedPostgres, superuser: psycopg.Connection[Any], data_template: str, keys_urls: tuple[str, str]
) -> Iterator[DatabaseUrls]:
    """A fresh migrated database and its key store (20 ms)."""
    name = _copy(superuser, data_template)
    yield DatabaseUrls(postgres.url(name, SERVE), postgres.url(name, OWNER), *keys_urls)
    _drop(superuser, name)


@pytest.fixture(scope="module")
def module_database_urls(
    postgres: EmbeddedPostgres, superuser: psycopg.Connection[Any], data_template: str, keys_template: str
) -> Iterator[DatabaseUrls]:
    """The same, shared by the tests of one module."""
    data, keys = _copy(superuser, data_template), _copy(superuser, keys_template)
    yield DatabaseUrls(
        postgres.url(data, SERVE), postgres.url(data, OWNER), postgres.url(keys, SERVE), postgres.url(keys, OWNER)
    )
    _drop(superuser, data)
    _drop(superuser, keys)
