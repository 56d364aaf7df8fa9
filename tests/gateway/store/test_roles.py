"""The serving role adds to the ledger and never changes it; a role that could is found out."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError

from gateway.store.provision import OWNER, SERVE
from gateway.store.roles import LEDGER_TABLES, grant_serving, verify_serving_role
from tests.gateway.conftest import DatabaseUrls


@pytest.fixture
def owner(database_urls: DatabaseUrls) -> Iterator[Connection]:
    engine = create_engine(database_urls.data_owner, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def serving(database_urls: DatabaseUrls) -> Iterator[Connection]:
    engine = create_engine(database_urls.data, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


class TestFoundOut:
    @pytest.mark.parametrize("table", LEDGER_TABLES)
    @pytest.mark.parametrize(
        ("right", "rule"),
        [("UPDATE", "update"), ("DELETE", "delete from"), ("TRUNCATE", "truncate"), ("TRIGGER", "put triggers on")],
    )
    def test_a_right_too_many(self, owner: Connection, serving: Connection, table: str, right: str, rule: str) -> None:
        owner.execute(text(f"GRANT {right} ON {table} TO {SERVE}"))
        assert verify_serving_role(serving) == [f"serving role: must not {rule} `{table}`"]

    def test_a_right_through_public(self, owner: Connection, serving: Connection) -> None:
        owner.execute(text("GRANT DELETE ON ledger_entry TO PUBLIC"))
        assert verify_serving_role(serving) == ["serving role: must not delete from `ledger_entry`"]

    def test_a_right_on_one_column(self, owner: Connection, serving: Connection) -> None:
        owner.execute(text(f"GRANT UPDATE (participant) ON ledger_entry TO {SERVE}"))
        assert verify_serving_role(serving) == ["serving role: must not update `ledger_entry`"]

    def test_a_missing_ledger(self, owner: Connection, serving: Connection) -> None:
        owner.execute(text("DROP TABLE ledger_checkpoint CASCADE"))
        assert "ledger table `ledger_checkpoint`: is missing" in verify_serving_role(serving)

    def test_a_right_to_make_things_beside_the_ledger(self, owner: Connection, serving: Connection) -> None:
        owner.execute(text(f"GRANT CREATE ON SCHEMA public TO {SERVE}"))
        assert verify_serving_role(serving) == ["serving role: must not be allowed to create in schema `public`"]

    def test_the_owner(self, owner: Connection) -> None:
        found = verify_serving_role(owner)
        assert "serving role: must not be the owner of the database or a member of its role" in found
        assert "serving role: must not own `ledger_entry`" in found

    def test_granting_again_takes_back_what_was_too_much(self, owner: Connection, serving: Connection) -> None:
        owner.execute(text(f"GRANT ALL ON ledger_entry TO {SERVE}, PUBLIC"))
        grant_serving(owner)
        assert verify_serving_role(serving) == []


class TestGranted:
    def test_the_serving_role_is_sound(self, serving: Connection) -> None:
        assert verify_serving_role(serving) == []

    @pytest.mark.parametrize("table", LEDGER_TABLES)
    @pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
    def test_the_database_refuses_to_change_the_ledger(self, serving: Connection, table: str, statement: str) -> None:
        column = "seq" if table != "ledger_entry" else "id"
        with pytest.raises(ProgrammingError, match="permission denied"):
            serving.execute(text(statement.format(table, column, column)))

    @pytest.mark.parametrize("table", LEDGER_TABLES)
    def test_the_ledger_may_be_read_and_added_to(self, owner: Connection, table: str) -> None:
        rights = owner.execute(
            text("SELECT has_table_privilege(:who, :table, 'SELECT'), has_table_privilege(:who, :table, 'INSERT')"),
            {"who": SERVE, "table": table},
        )
        assert tuple(rights.one()) == (True, True)

    def test_other_tables_may_be_written(self, serving: Connection) -> None:
        assert serving.execute(text("DELETE FROM blocking_index")).rowcount == 0

    def test_migrations_are_not_its_business(self, serving: Connection) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"):
            serving.execute(text("DELETE FROM alembic_version"))

    def test_it_cannot_become_the_owner(self, serving: Connection) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"):
            serving.execute(text(f"SET ROLE {OWNER}"))
