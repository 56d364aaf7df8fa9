"""Who decides, beforehand or for whom, and who is told: through the command line."""

import asyncio
from pathlib import Path

import pytest

from gateway.demo.site import PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.opening import compose
from gateway.settings import load
from gateway.store.places import Places
from tests.adapters.staff.hooks import hook
from tests.gateway.commands.conftest import Command, Said, counts, nobody_in, written
from tests.gateway.commands.test_work import NOBODYS, kinds, waiting
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.routine import offered
from tests.gateway.site import Clock, Door, Scene

__all__ = ["waiting"]  # a fixture, used by name
MO = "Mo Cypress"


@pytest.fixture
def routine(command: Command, site: DatabaseUrls, tmp_path: Path) -> str:
    """The id of a proposal that an exchange made."""

    async def offer() -> str:
        settings = load(data_dir=tmp_path / "site", database_url=site.data, keys_url=site.keys)
        program = compose(settings, Places(site.data, site.keys, None, None))
        try:
            scene = Scene(program, Clock(program.now()), Door())
            return str((await offered(scene)).id)
        finally:
            await program.store.close()

    return asyncio.run(offer())


def item_of(command: Command, proposal: str) -> str:
    (shown,) = [each for each in command("proposals", "--json").json()["proposals"] if each["id"] == proposal]
    return str(shown["clearance"]["items"][0]["item"])


class TestApproving:
    def test_what_is_refused_changes_nothing(
        self, command: Command, waiting: str, site: DatabaseUrls, tmp_path: Path
    ) -> None:
        adverse = written(tmp_path, b"Ray Alder relapsed.", "adverse.txt")
        before = counts(site)
        for words, rule in (
            (("--item", NOBODYS), "nothing is ever added"),
            (("--summary", tmp_path / "none.txt"), "`--summary`: must be a file"),
            (("--summary", written(tmp_path, b"\xff\xfe", "bytes.txt")), "`--summary`: must be a file"),
            (("--summary", written(tmp_path, b" \n", "blank.txt")), "must not be blank"),
            (("--summary", adverse), "relapse-use at 10-18"),
        ):
            done = command("approve", waiting, *words)
            assert (done.code, rule in done.line, nobody_in(done)) == (2, True, True)
        assert counts(site) == before

    def test_less_with_words_and_a_name(self, command: Command, waiting: str, tmp_path: Path) -> None:
        kept, words = item_of(command, waiting), written(tmp_path, b"Ray is close to a home.", "words.txt")
        done = command("approve", waiting, "--item", kept, "--summary", words, "--by", MO, "--json")
        assert (done.code, set(done.json())) == (0, {"delivery", "due_at"})
        entries = command("ledger", "export", "p-ray").json()["entries"]
        assert [e["content"]["by"] for e in entries if e["kind"] in ("edited", "approved")] == [MO, MO]

    def test_adverse_words_go_with_somebody_who_knows(self, command: Command, waiting: str, tmp_path: Path) -> None:
        words = written(tmp_path, b"Ray relapsed.", "words.txt")
        done = command("approve", waiting, "--summary", words, "--knowing", "--json")
        (place,) = done.json()["adverse"]
        assert (place["start"], place["end"], place["category"]) == (4, 12, "relapse-use")

    def test_nothing_helpful(self, command: Command, waiting: str) -> None:
        assert command("nothing-helpful", waiting, "--by", MO).code == 0
        assert "nothing-helpful" in kinds(command)
        assert command("nothing-helpful", waiting).line.endswith("has been decided already")
        assert command("nothing-helpful", "no id").code == 2


class TestStandingApprovals:
    def test_given_listed_ended(self, command: Command, routine: str) -> None:
        for words in (
            (),
            ("--days", "3", "--until", "2099-01-01T00:00:00Z"),
            ("--until", "2026-11-30"),
            ("--days", "181"),
        ):
            assert command("approvals", "standing", routine, *words).code == 2
        given = command("approvals", "standing", routine, "--days", "30", "--by", MO, "--json").json()["standing"]
        (row,) = command("approvals", "list", "--json").json()["approvals"]
        assert (row["id"], row["by"], row["categories"]) == (given, MO, ["legal-status"])
        assert kinds(command).count("use") >= 1
        assert command("approvals", "end", given, "--by", MO).code == 0
        assert command("approvals", "end", given).line.endswith("names no standing approval that goes on")
        assert command("approvals", "list", "--json").json()["approvals"] == []

    def test_not_of_a_question(self, command: Command, waiting: str) -> None:
        done = command("approvals", "standing", waiting, "--days", "30")
        assert (done.code, "no exchange" in done.line) == (2, True)


class TestDelegations:
    def test_made_listed_ended(self, command: Command, site: DatabaseUrls) -> None:
        there = ("--organization", CASE_MANAGEMENT)
        for words in (
            (MO, MO, *there, "--days", "3"),
            (MO, "Wren Tamarack", "--organization", "org:nobody", "--days", "3"),
            (MO, "Wren Tamarack", *there, "--days", "91"),
            (MO, "Wren Tamarack", *there),
        ):
            assert command("delegate", *words).code == 2
        made = command("delegate", MO, "Wren Tamarack", *there, "--days", "3", "--json").json()["delegation"]
        (row,) = command("delegations", "list", "--json").json()["delegations"]
        assert (row["id"], row["from"], row["to"]) == (made, MO, "Wren Tamarack")
        assert command("delegations", "end", made).code == 0
        assert command("delegations", "end", made).code == 2
        assert command("delegations", "list", "--json").json()["delegations"] == []


class TestContacts:
    def test_added_tested_disabled(self, command: Command, site: DatabaseUrls) -> None:
        added: list[Said] = []

        async def story() -> list[bytes]:
            async with hook(200) as (url, seen):
                add = ("contacts", "add", CASE_MANAGEMENT, "case-manager", "webhook", url)
                added.append(await asyncio.to_thread(command, *add, "--staff", MO, "--json"))
                added.append(await asyncio.to_thread(command, "contacts", "test", added[0].json()["contact"]))
            return seen

        (request,) = asyncio.run(story())
        assert [said.code for said in added] == [0, 0]
        assert b"something waits for you" in request
        identity = added[0].json()["contact"]
        gone = command("contacts", "test", identity)
        assert (gone.code, gone.line) == (1, "lead-gateway: `ID`: could not be told (connect)")
        assert command("contacts", "disable", identity).code == 0
        assert command("contacts", "test", identity).code == 2
        (row,) = command("contacts", "list", "--json").json()["contacts"]
        assert (row["disabled"], row["staff"]) == (True, MO)

    def test_what_is_refused(self, command: Command, site: DatabaseUrls) -> None:
        for words in (
            (CASE_MANAGEMENT, "case-manager", "pigeon", "coop 7"),
            (CASE_MANAGEMENT, "case-manager", "email", "coop 7"),
            (CASE_MANAGEMENT, "janitor", "email", "mo@cedar.example"),
            ("org:nobody", "case-manager", "email", "mo@cedar.example"),
        ):
            assert command("contacts", "add", *words).code == 2
        mail = command("contacts", "add", CASE_MANAGEMENT, "case-manager", "email", "mo@cedar.example", "--json")
        done = command("contacts", "test", mail.json()["contact"])
        assert (done.code, "LEAD_SMTP_URL" in done.line) == (2, True)


class TestDuties:
    def test_listed_without_anybody_and_shown_as_a_use(self, command: Command, waiting: str) -> None:
        rows = command("duties", "list", "--organization", CASE_MANAGEMENT, "--role", "case-manager", "--json").json()
        (row,) = [each for each in rows["duties"] if each["kind"] == "approval"]
        assert (row["assignee"], "participant" in row) == (MO, False)
        assert command("duties", "list", "--organization", PROSECUTOR, "--json").json()["duties"] == []
        before = kinds(command).count("use")
        assert command("duties", "show", row["id"], "--json").json()["reference"] == waiting
        assert kinds(command).count("use") == before + 2
        assert command("duties", "show", NOBODYS).code == 2
        done = command("duties", "acknowledge", row["id"])
        assert (done.code, "only when what it asks for is done" in done.line) == (2, True)
