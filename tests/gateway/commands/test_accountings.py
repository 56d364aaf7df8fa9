"""`ledger account`: what a privacy officer prints when somebody asks who was told."""

import pytest

from tests.gateway.commands.conftest import Command
from tests.gateway.conftest import DatabaseUrls


@pytest.mark.usefixtures("site")
class TestAccount:
    def test_a_day_that_is_none_is_bad_input(self, command: Command) -> None:
        said = command("ledger", "account", "p-ray", "--received", "tomorrow")
        assert said.code == 2
        assert "`--received`" in said.line

    def test_a_stranger_is_bad_input(self, command: Command) -> None:
        assert command("ledger", "account", "p-nobody").code == 2

    @pytest.mark.parametrize(
        ("view", "law", "due"),
        [
            ("intermediary", "42 CFR 2.24", "2026-12-01"),
            ("part2", "42 CFR 2.25", "2026-12-31"),
            ("hipaa", "45 CFR 164.528", "2026-12-31"),
            ("participant", "LEAD GR-07", None),
        ],
    )
    def test_each_law_has_its_view_and_its_due_day(
        self, command: Command, view: str, law: str, due: str | None
    ) -> None:
        said = command("ledger", "account", "p-ray", "--view", view, "--received", "2026-11-01", "--json")
        assert said.code == 0
        assert (said.json()["view"], said.json()["due"], said.json()["told"]) == (law, due, [])

    def test_looking_is_a_use(self, command: Command) -> None:
        command("ledger", "account", "p-ray")
        entries = command("ledger", "export", "p-ray").json()["entries"]
        assert [e["content"]["read"] for e in entries if e["kind"] == "use"] == [["LEAD GR-07"]]


def test_without_a_site_there_is_nobody(command: Command, reached: DatabaseUrls) -> None:
    assert command("ledger", "account", "p-ray").code == 2
