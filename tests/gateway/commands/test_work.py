"""Looking, approving, declining, revoking, holding, and who the partners are: through the command line."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway import questions
from gateway.demo.site import PROSECUTOR
from gateway.demo.story import ray_question
from gateway.opening import compose
from gateway.program import Program
from gateway.settings import load
from gateway.store.places import Places
from tests.gateway.commands.conftest import Command, counts, lead_file, nobody_in, written
from tests.gateway.conftest import DatabaseUrls

NOBODYS = "0193a000-0000-7000-8000-000000000000"


@pytest.fixture
def waiting(command: Command, site: DatabaseUrls, tmp_path: Path) -> str:
    """The id of a proposal that waits, made by the prosecutor's question."""

    async def ask() -> str:
        settings = load(data_dir=tmp_path / "site", database_url=site.data, keys_url=site.keys)
        program: Program = compose(settings, Places(site.data, site.keys, None, None))
        try:
            asked = await questions.ask(program.store, settings, PROSECUTOR, ray_question(), program.now())
            await program.consider(asked.id)
            async with program.store.unit_of_work() as uow:
                (proposal,) = await uow.proposals.for_question(asked.id)
        finally:
            await program.close()
        return str(proposal.id)

    return asyncio.run(ask())


def kinds(command: Command, participant: str = "p-ray") -> list[str]:
    return [entry["kind"] for entry in command("ledger", "export", participant).json()["entries"]]


class TestLooking:
    def test_looking_at_proposals_is_a_use(self, command: Command, waiting: str) -> None:
        before = kinds(command).count("use")
        (shown,) = command("proposals", "--json").json()["proposals"]
        assert shown["id"] == waiting
        assert {item["category"] for item in shown["clearance"]["items"]} == {"participation", "engagement", "progress"}
        assert kinds(command).count("use") == before + 2  # the look, and the export that counted

    def test_lines_show_no_content(self, command: Command, waiting: str) -> None:
        said = command("proposals")
        assert said.out.startswith(f"{waiting}  to {PROSECUTOR} for case-alignment: ")
        assert nobody_in(said)

    def test_an_export_is_a_use_that_the_next_one_shows(self, command: Command, site: DatabaseUrls) -> None:
        first = command("ledger", "export", "p-ray", "--format", "json").json()
        assert "use" not in [entry["kind"] for entry in first["entries"]]
        second = command("ledger", "export", first["participant"], "--json").json()["entries"]
        (use,) = [entry for entry in second if entry["kind"] == "use"]
        assert use["content"] == {"staff": "command line", "read": ["ledger"]}
        assert use["organization"] == "org:cedar-cm"

    @pytest.mark.parametrize("words", [("ledger", "export"), ("revoke",), ("hold",)])
    def test_a_participant_whom_nobody_knows(
        self, command: Command, site: DatabaseUrls, words: tuple[str, ...]
    ) -> None:
        before = counts(site)
        for name in ("p-nobody", NOBODYS, "Alder"):
            done = command(*words, name)
            assert (done.code, done.line) == (2, "lead-gateway: `PARTICIPANT`: names no participant of this site")
        assert counts(site) == before


class TestExplain:
    @pytest.mark.parametrize("identity", ["Alder", NOBODYS, "0"])
    def test_what_is_no_decision(self, command: Command, site: DatabaseUrls, identity: str) -> None:
        done = command("explain", identity)
        assert done.code == 2
        assert done.line.startswith("lead-gateway: `DECISION_ID`: names no disclosure")
        assert nobody_in(done)

    def test_a_proposal_with_its_findings(self, command: Command, waiting: str) -> None:
        told = command("explain", waiting, "--json").json()
        assert (told["kind"], told["agrees"], bool(told["rulebook"])) == ("proposal", True, True)
        assert {finding["state"] for finding in told["findings"]} >= {"satisfied"}
        assert all(finding["cites"] for finding in told["findings"])
        text = command("explain", waiting)
        assert (text.code, text.err) == (0, "")
        assert text.out.endswith("run again on the facts as they were: the same answer\n")
        assert kinds(command).count("use") == 2


class TestApproving:
    @pytest.mark.parametrize("words", [("approve",), ("decline", "--why", "not helpful")])
    @pytest.mark.parametrize("identity", ["no id", NOBODYS])
    def test_what_is_no_proposal(
        self, command: Command, site: DatabaseUrls, words: tuple[str, ...], identity: str
    ) -> None:
        before = counts(site)
        done = command(*words, identity)
        assert done.code == 2
        assert done.line.startswith("lead-gateway: `")
        assert counts(site) == before

    def test_approved_once(self, command: Command, waiting: str) -> None:
        done = command("approve", waiting, "--json")
        assert (done.code, set(done.json())) == (0, {"delivery", "due_at"})
        again = command("approve", waiting)
        assert (again.code, again.line) == (2, "lead-gateway: `proposal`: has been decided already")
        assert command("proposals").out == ""

    def test_declined(self, command: Command, waiting: str) -> None:
        assert command("decline", waiting, "--why", "not helpful").code == 0
        assert "declined" in kinds(command)

    def test_what_was_revoked_since_cannot_be_approved(self, command: Command, waiting: str) -> None:
        command("revoke", "p-ray")  # which withdraws it
        done = command("approve", waiting)
        assert (done.code, "has been decided already" in done.line) == (2, True)


class TestStopping:
    def test_a_grant_that_is_not_there(self, command: Command, site: DatabaseUrls) -> None:
        before = counts(site)
        done = command("revoke", "p-ray", "--grant", "Alder")
        assert (done.code, "`--grant`: " in done.line, nobody_in(done)) == (2, True, True)
        assert counts(site) == before

    def test_a_revocation_suppresses_what_was_approved(self, command: Command, waiting: str) -> None:
        command("approve", waiting)
        done = command("revoke", "p-ray", "--grant", "g-prosecutor", "--oral", "--json").json()
        assert done["deliveries_suppressed"] == 1
        assert kinds(command).count("revocation") == 1

    def test_a_hold(self, command: Command, site: DatabaseUrls) -> None:
        assert len(command("hold", "p-ray", "--json").json()["stops"]) == 1
        assert "hold" in kinds(command)


class TestPartners:
    def test_organizations(self, command: Command, site: DatabaseUrls) -> None:
        rows = command("organizations", "list", "--json").json()["organizations"]
        assert len(rows) == len(lead_file()["organizations"])
        assert command("organizations", "list").out.count("\n") == len(rows)

    def test_a_system_is_stopped(self, command: Command, site: DatabaseUrls, tmp_path: Path) -> None:
        command("ingest", "lead", written(tmp_path, registration(), "c.json"))
        (row,) = command("clients", "list", "--json").json()["clients"]
        assert (row["client_id"], row["disabled"]) == ("cedar-prosecutor-system", False)
        assert command("clients", "disable", "cedar-prosecutor-system").code == 0
        assert command("clients", "disable", "cedar-prosecutor-system").code == 0
        (row,) = command("clients", "list", "--json").json()["clients"]
        assert row["disabled"]
        done = command("clients", "disable", "Alder")
        assert (done.code, done.line) == (2, "lead-gateway: `CLIENT_ID`: names no registered system")

    def test_ingesting_a_stopped_system_again_leaves_it_stopped(
        self, command: Command, site: DatabaseUrls, tmp_path: Path
    ) -> None:
        for _ in range(2):
            command("ingest", "lead", written(tmp_path, registration(), "c.json"))
            command("clients", "disable", "cedar-prosecutor-system")
        command("ingest", "lead", written(tmp_path, registration(), "c.json"))
        (row,) = command("clients", "list", "--json").json()["clients"]
        assert row["disabled"]


def registration() -> dict[str, Any]:
    from gateway.demo.keys import make_clients  # noqa: PLC0415  -- makes a key

    return {"clients": [make_clients([PROSECUTOR])[PROSECUTOR].registration()]}
