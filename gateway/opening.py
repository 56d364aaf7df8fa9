"""Open a site: start or reach its database, bring it up to date, unlock its keys, and refuse what is not sound."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from gateway.journal import Journal
from gateway.program import Program
from gateway.settings import Settings
from gateway.store.data_directory import prepare
from gateway.store.kek import load_keks
from gateway.store.keys import KeyStore
from gateway.store.places import Places
from gateway.store.postgres import OWNER, EmbeddedPostgres
from gateway.store.unit_of_work import Store, open_engine
from mappings.lead.matching import load_weights
from mappings.tables import load_policy
from mappings.tables.overlays import load_overlays

KEYS_DATABASE = "lead_keys"
NO_SITE = "holds no site yet, `ingest lead FILE`, `serve`, `demo` and `migrate` make one"


class UnsoundError(Exception):
    """The installation must not serve. One line that says why."""


class NoSiteError(Exception):
    """There is no site in the data directory, and this call is not one that makes a site."""


def locate(settings: Settings, stack: ExitStack) -> Places:
    """Find the databases; starts the embedded server, which ends with `stack`, unless settings name another."""
    if settings.database_url is not None and settings.keys_url is not None:
        return Places(
            settings.database_url.get_secret_value(),
            settings.keys_url.get_secret_value(),
            _secret(settings.migration_database_url),
            _secret(settings.migration_keys_url),
        )
    server = stack.enter_context(EmbeddedPostgres(settings.data_dir))
    return Places(
        server.url(), server.url(KEYS_DATABASE), server.url(role=OWNER), server.url(KEYS_DATABASE, role=OWNER)
    )


def _secret(value: object) -> str | None:
    reveal = getattr(value, "get_secret_value", None)
    return None if reveal is None else str(reveal())


def bring_up_to_date(places: Places) -> None:
    """Migrate both databases as their owner. Raises UnsoundError where the owner is not known."""
    if not places.bring_up_to_date():
        raise UnsoundError("`LEAD_MIGRATION_DATABASE_URL`, `LEAD_MIGRATION_KEYS_URL`: are needed to migrate")


def holds_site(settings: Settings) -> bool:
    """Whether there is something to open: a database elsewhere, or one in the data directory."""
    return settings.database_url is not None or (settings.data_dir / "pg").is_dir()


@asynccontextmanager
async def opened(settings: Settings, *, mark: str = "live", make: bool = True) -> AsyncIterator[tuple[Program, Places]]:
    """Give a sound site, open. `mark` makes a new site `demo` or `live`; the embedded database is migrated by itself.

    `make` False: nothing is made where there is no site yet. Raises NoSiteError, UnsoundError, DataDirectoryError,
    KeyEncryptionKeyError, each with one line.
    """
    if not make and not holds_site(settings):
        raise NoSiteError(f"`--data-dir`: {NO_SITE}")
    with ExitStack() as stack:
        prepare(settings.data_dir)
        places = locate(settings, stack)
        if settings.database_url is None:
            bring_up_to_date(places)
        if unsound := places.problems():
            raise UnsoundError(unsound[0])
        program = compose(settings, places)
        try:
            program.store.journal = Journal(settings.journal_dir, await program.store.keys.named("journal"))
            await _mark(program, mark)
            await program.refresh()
            yield program, places
        finally:
            await program.close()


def compose(settings: Settings, places: Places) -> Program:
    """Wire a program to its databases."""
    keys = KeyStore.at(places.keys, lambda: load_keks(settings), cache_seconds=settings.key_cache_seconds)
    policy = load_policy()
    return Program(settings, Store(open_engine(places.data), keys, policy, load_overlays()), load_weights(), policy)


async def _mark(program: Program, mark: str) -> None:
    """Mark a new site; read the windows of one that has its own."""
    async with program.store.unit_of_work() as uow:
        await uow.registry.set_mark(mark)
        windows = await uow.registry.windows()
        await uow.commit()
    if windows is not None:
        program.settings = program.settings.model_copy(update=windows)
