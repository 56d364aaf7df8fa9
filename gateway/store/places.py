"""Where a site's databases are, by role, and whether they are fit to be used."""

from dataclasses import dataclass

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from gateway.store.keys import migrate_keys
from gateway.store.migrate import at_head, migrate
from gateway.store.roles import verify_serving_role


@dataclass(frozen=True, slots=True)
class Places:
    """The URLs of the data and of the keys, for the serving role and, where known, for the owner.

    SQLAlchemy URLs with passwords: never log them.
    """

    data: str
    keys: str
    owner_data: str | None
    owner_keys: str | None

    @property
    def conninfo(self) -> str:
        """Give the data database as a libpq URL, for the job connections."""
        return make_url(self.data).set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def serving_role(self) -> str:
        """Give the role that the program works under."""
        return make_url(self.data).username or ""

    def bring_up_to_date(self) -> bool:
        """Migrate both databases as their owner. False: the owner's URLs are not known."""
        if self.owner_data is None or self.owner_keys is None:
            return False
        migrate(self.owner_data, self.serving_role)
        migrate_keys(self.owner_keys, serving_role=self.serving_role)
        return True

    def problems(self) -> list[str]:
        """Give what is unsound: an old database, a serving role that could change the ledger."""
        engine = create_engine(self.data)
        try:
            if not at_head(engine):
                return ["database: is not at the newest migration, run `lead-gateway migrate`"]
            with engine.connect() as connection:
                return verify_serving_role(connection)
        finally:
            engine.dispose()
