"""`exchanges`: shown, narrowed, promised for, started."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.demo.site import DEFENDER
from mappings.tables.exchanges import load_exchanges
from tests.gateway.commands.conftest import Command, nobody_in

REFUSED = (
    ("narrow", "no-such", "--off"),
    ("narrow", "care-plan", "--kinds", "hospital,prosecutor"),
    ("narrow", "care-plan", "--categories", "everything"),
    ("narrow", "care-plan", "--approval", "none"),
    ("narrow", "care-plan", "--quiet", "21:00-06:00"),
    ("narrow", "care-plan", "--retries", "99"),
    ("narrow", "care-plan", "--limit-hours", "999"),
    ("promise", "org:nobody", "--person", "J. Lee", "--until", "2026-12-01"),
    ("promise", DEFENDER, "--person", "Dana Pine", "--until", "2020-01-01"),
    ("promise", DEFENDER, "--person", "Dana Pine", "--until", "soon"),
    ("end-promise", "org:nobody"),
    ("start", "progress-letter", "p-nobody"),
    ("start", "progress-letter", "p-ray"),
    ("start", "care-plan", "p-ray"),
)


@pytest.mark.usefixtures("site")
class TestRefusing:
    def test_in_one_line_and_nothing_has_changed(self, command: Command) -> None:
        before = command("exchanges", "list", "--json").json()
        for arguments in REFUSED:
            said = command("exchanges", *arguments)
            assert (said.code, said.out) == (2, ""), arguments
            assert said.line
            assert nobody_in(said)
        assert command("exchanges", "list", "--json").json() == before


@pytest.mark.usefixtures("site")
class TestDoing:
    def test_narrows_and_shows_it(self, command: Command) -> None:
        told = command(
            "exchanges", "narrow", "care-plan", "--kinds", "hospital", "--retries", "5", "--approval", "each", "--json"
        ).json()
        assert (told["kinds"], told["retries"], told["approval"], told["on"]) == (["hospital"], 5, "each", True)
        command("exchanges", "narrow", "emergency", "--off")
        shown = {row["id"]: row for row in command("exchanges", "list", "--json").json()["exchanges"]}
        assert set(shown) == set(load_exchanges())
        assert shown["care-plan"]["kinds"] == ["hospital"]
        assert [name for name, row in shown.items() if not row["on"]] == ["emergency"]

    def test_promises_and_starts_a_letter(self, command: Command) -> None:
        until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
        command("exchanges", "promise", DEFENDER, "--person", "Dana Pine", "--until", until)
        started = command("exchanges", "start", "progress-letter", "p-ray", "--json").json()
        assert (started["recipient"], started["state"]) == (DEFENDER, "proposed")
        waiting = [row["id"] for row in command("proposals", "--json").json()["proposals"]]
        assert waiting == [started["proposal"]]
        assert command("exchanges", "end-promise", DEFENDER, "--json").json()["deliveries_suppressed"] == 1
