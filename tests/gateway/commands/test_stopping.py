"""Stopping, lifting, what happens and what a participant is handed: through the command line."""

import pytest

from gateway.demo.site import PROSECUTOR
from tests.gateway.commands.conftest import Command, nobody_in
from tests.gateway.conftest import DatabaseUrls


class TestBadInput:
    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (("hold", "p-ray", "--grant", "g-nobody"), "`--grant`"),
            (("revoke", "p-ray", "--by", " "), "`--by`"),
            (("lift", "p-ray", "--by", "mo"), "`PARTICIPANT`: has no hold"),
            (("lift", "p-ray", "--by", "mo", "--stop", "x"), "`--stop`"),
            (("restrict", "p-ray", "org:nobody"), "`ORGANIZATION`"),
            (("restrict", "p-ray", PROSECUTOR, "--category", "gossip"), "`--category`"),
            (("event", "p-ray", "Case Closed"), "`NAME`"),
            (("event", "p-ray", "death"), "`NAME`"),
            (("written-form", "p-ray"), "`PARTICIPANT`: has said nothing"),
            (("organizations", "leave", "org:nobody"), "`ORGANIZATION`"),
            (("organizations", "end-agreement", PROSECUTOR, "--on", "soon"), "`--on`"),
            (("statement", "p-nobody"), "`PARTICIPANT`"),
            (("slip", "p-nobody"), "`PARTICIPANT`"),
        ],
    )
    def test_is_one_line_and_changes_nothing(
        self, command: Command, site: DatabaseUrls, words: tuple[str, ...], line: str
    ) -> None:
        done = command(*words)
        assert (done.code, line in done.line) == (2, True)
        assert nobody_in(done)


class TestStops:
    def test_a_hold_and_its_lifting_name_who_did_it(self, command: Command, site: DatabaseUrls) -> None:
        held = command("hold", "p-ray", "--by", "mo", "--json").json()
        lifted = command("lift", "p-ray", "--by", "sue", "--json").json()
        assert lifted["lifted"] == held["stops"]
        entries = command("ledger", "export", "p-ray").json()["entries"]
        assert [(e["kind"], e["content"]["by"]) for e in entries if e["kind"] in ("hold", "lift")] == [
            ("hold", "mo"),
            ("lift", "sue"),
        ]

    def test_a_restriction_and_what_was_said(self, command: Command, site: DatabaseUrls) -> None:
        assert command("restrict", "p-ray", PROSECUTOR, "--category", "progress").code == 0
        form = command("written-form", "p-ray", "--language", "es")
        assert "Retiro el papel" in form.out

    def test_an_event_and_a_death(self, command: Command, site: DatabaseUrls) -> None:
        assert command("event", "p-ray", "graduation", "--since", "2026-01-05", "--json").json()["recorded"]
        assert not command("event", "p-ray", "graduation", "--since", "2026-01-05", "--json").json()["recorded"]
        assert len(command("death", "p-ray", "--json").json()["stops"]) == 1

    def test_a_partner_that_leaves(self, command: Command, site: DatabaseUrls) -> None:
        assert (
            command("organizations", "end-agreement", PROSECUTOR, "--on", "2099-01-01", "--json").json()["clients"] == 0
        )
        assert command("organizations", "leave", PROSECUTOR, "--json").json()["organization"] == PROSECUTOR
        (row,) = [
            r for r in command("organizations", "list", "--json").json()["organizations"] if r["id"] == PROSECUTOR
        ]
        assert row["endpoint"] is None


class TestHanded:
    def test_a_statement_in_two_languages(self, command: Command, site: DatabaseUrls) -> None:
        assert command("statement", "p-ray").out.strip() == "We have told no one about you."
        assert command("statement", "p-ray", "--language", "es").out.strip() == "No hemos dicho nada de usted a nadie."

    def test_a_slip_shows_its_code_once_with_the_address(self, command: Command, site: DatabaseUrls) -> None:
        slip = command("slip", "p-ray", "--json").json()
        assert slip["address"].endswith("/revoke")
        assert slip["code"] in slip["lines"]
        assert slip["code"] not in command("ledger", "export", "p-ray").out
