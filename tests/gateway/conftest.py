"""Databases for the tests of the program: migrated once per worker, then copied."""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

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
    furniture: "Furniture | None" = None

    def furnish(self, folder: Path, people: str = "demo") -> bool:
        """Put some people into both, and into an empty folder. False: `keep` was never called for them."""
        return self.furniture is not None and self.furniture.furnish(*self._names, folder, people)

    def keep(self, folder: Path, people: str = "demo") -> None:
        """Remember what is in both, and in the folder, for others to be furnished with, under the people's name."""
        if self.furniture is not None:
            self.furniture.keep(*self._names, folder, people)

    @property
    def _names(self) -> tuple[str, str]:
        data, keys = (make_url(url).database or "" for url in (self.data, self.keys))
        return data, keys


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


class Furniture:
    """People who are read in once by each worker, by a name, and then copied: 40 ms instead of most of a second."""

    def __init__(self, superuser: psycopg.Connection[Any], folder: Path) -> None:
        self._superuser = superuser
        self._folder = folder
        self._kept: set[str] = set()
        self._number = next(_numbers)  # a folder of tests with fixtures of its own has furniture of its own

    def _template(self, people: str, kind: str) -> str:
        return f"furnished_{self._number}_{people}_{kind}"

    def keep(self, data: str, keys: str, folder: Path, people: str) -> None:
        """Take copies of two databases that nobody uses at the moment, and of the site's folder."""
        if people not in self._kept:
            make_database(self._superuser, self._template(people, "lead"), template=data)
            make_database(self._superuser, self._template(people, "keys"), template=keys)
            shutil.copytree(folder, self._folder / people, dirs_exist_ok=True)
            self._kept.add(people)

    def furnish(self, data: str, keys: str, folder: Path, people: str) -> bool:
        """Put copies in the place of two fresh databases and an empty folder. False: they have not been kept yet."""
        if people not in self._kept:
            return False
        for name, template in ((data, self._template(people, "lead")), (keys, self._template(people, "keys"))):
            _drop(self._superuser, name)
            make_database(self._superuser, name, template=template)
        shutil.copytree(self._folder / people, folder, dirs_exist_ok=True)
        return True


@pytest.fixture(scope="session")
def furniture(superuser: psycopg.Connection[Any], tmp_path_factory: pytest.TempPathFactory) -> Furniture:
    return Furniture(superuser, tmp_path_factory.mktemp("furnished"))


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
    postgres: EmbeddedPostgres,
    superuser: psycopg.Connection[Any],
    data_template: str,
    keys_template: str,
    furniture: Furniture,
) -> Iterator[DatabaseUrls]:
    """A fresh migrated database and its key store (20 ms)."""
    yield from _fresh(postgres, superuser, (data_template, keys_template), furniture)


@pytest.fixture(scope="module")
def module_database_urls(
    postgres: EmbeddedPostgres,
    superuser: psycopg.Connection[Any],
    data_template: str,
    keys_template: str,
    furniture: Furniture,
) -> Iterator[DatabaseUrls]:
    """The same, shared by the tests of one module."""
    yield from _fresh(postgres, superuser, (data_template, keys_template), furniture)


def _fresh(
    postgres: EmbeddedPostgres, superuser: psycopg.Connection[Any], templates: tuple[str, str], furniture: Furniture
) -> Iterator[DatabaseUrls]:
    data, keys = (_copy(superuser, template) for template in templates)
    yield DatabaseUrls(
        postgres.url(data, SERVE),
        postgres.url(data, OWNER),
        postgres.url(keys, SERVE),
        postgres.url(keys, OWNER),
        furniture,
    )
    _drop(superuser, data)
    _drop(superuser, keys)
