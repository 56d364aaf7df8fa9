"""What the program says in its own words, on the command line and in exceptions, holds nothing of a participant.

A message names the field and the rule. It is read by whoever sits there, pasted into a ticket, caught by a log.
"""

import asyncio
import copy
import random
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import click
import orjson
import pytest

from adapters.jail import ojbc
from gateway import questions
from gateway.cli import cli, main
from gateway.demo.site import PROSECUTOR
from gateway.program import Program
from mappings.fhir.question import QuestionError
from mappings.fhir.task import question_task, read_question
from mappings.lead.site_file import LeadFileError, read_lead_file
from mappings.niem.xml import FeedError
from tests.architecture.stranger import FAULTS, SECRET, TO_THE_PROSECUTOR, Site, kept_log, make_site, question
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON
from tests.scenarios.canary import FAMILY, PARTICIPANT, canary_bookings, canary_file, found_in, token

STANDING: Final = {"demo", "serve", "worker", "migrate", "bench"}
"""Commands that stand until they are stopped, the owner's, and what makes a site of its own to measure with."""

BREAKING: Final = ("nothing", "connecting", "opening a row", "reading a row", "matching", "committing", "deciding")
SHOWING: Final[dict[str, set[str]]] = {
    # What would leave, to the staff of the participant's own organization; ids of the house get others on the wire.
    "proposals --json": TO_THE_PROSECUTOR | {token(name, "Id") for name in ("participation", "engagement", "progress")},
    "written-form": {token("Family"), token("Given"), token("Middle")},  # the participant signs it
    "duties list": {token("CaseManager")},  # whose it is to do
    "ledger export": {token("grant")},  # the accounting names the grant that a disclosure stands on
    "explain": {token("grant")},
}
"""The commands whose purpose is to show something, and all that they may show."""


def leaves(group: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that there is, walked, so that a new one is called too."""
    if not isinstance(group, click.Group):
        yield path
        return
    for name, command in group.commands.items():
        yield from leaves(command, (*path, name))


@pytest.fixture
def here(database_urls: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    site = make_site(tmp_path / "site", database_urls)
    monkeypatch.setenv("LEAD_DATABASE_URL", site.urls.data)
    monkeypatch.setenv("LEAD_KEYS_URL", site.urls.keys)
    monkeypatch.setenv("LEAD_DATA_DIR", str(site.folder))
    monkeypatch.chdir(tmp_path)  # some write to the file that they are told
    return site


async def _proposed(program: Program) -> str:
    asked = await questions.ask(program.store, program.settings, PROSECUTOR, question(), program.now())
    await program.consider(asked.id)
    async with program.store.unit_of_work() as uow:
        (proposal,) = await uow.proposals.for_question(asked.id)
    return str(proposal.id)


def _calls(proposal: str, entry: str, folder: Path) -> list[tuple[str, ...]]:
    """Calls that could succeed, calls that cannot, and every command with a participant where it wants something."""
    (folder / "lead.json").write_bytes(orjson.dumps(canary_file(NOON.date())))
    (folder / "bent.json").write_bytes(orjson.dumps({"participants": [{"id": FAMILY, FAMILY: FAMILY}]}))
    bookings = canary_bookings(NOON.date() - timedelta(days=1))
    for name, content in bookings.items():
        (folder / name).write_bytes(content)
    generic = [(*path, *_filled(path)) for path in leaves() if path[0] not in STANDING]
    return [
        *generic,
        ("proposals",),
        ("proposals", "--json"),
        ("approve", proposal),
        ("decline", proposal, "--why", FAMILY),
        ("decline", str(uuid4()), "--why", FAMILY),
        ("explain", entry),
        ("explain", entry, "--json"),
        ("ledger", "verify"),
        ("ledger", "export", PARTICIPANT),
        ("check",),
        ("ingest", "lead", str(folder / "lead.json")),
        ("ingest", "lead", str(folder / "bent.json")),
        ("ingest", "lead", str(folder / "no such file")),
        ("ingest", "jail", *(str(folder / name) for name in bookings)),
        ("decide", str(folder / "bent.json")),
        ("decide", "--batch", str(folder / "bent.json")),
        ("revoke", PARTICIPANT, "--grant", FAMILY),
        ("revoke", PARTICIPANT),
        ("hold", PARTICIPANT),
    ]


def _filled(path: tuple[str, ...]) -> list[str]:
    command: Any = cli
    for name in path:
        command = command.commands[name]
    return [PARTICIPANT for argument in command.params if isinstance(argument, click.Argument)]


def _said(call: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["lead-gateway", *call])
    with kept_log() as logged, pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    return code if isinstance(code, int) else 0, logged.getvalue() + "".join(capfd.readouterr())


class TestCommands:
    @pytest.mark.parametrize("name", BREAKING, ids=lambda name: name.replace(" ", "-"))
    def test_say_nothing_of_a_participant_whatever_breaks(
        self, here: Site, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = _calls(*_prepared(here), tmp_path)
        heard = []
        with pytest.MonkeyPatch.context() as broken:
            FAULTS[name](broken)
            for call in calls:
                code, said = _said(call, monkeypatch, capfd)
                heard.append((" ".join(call[:2]), code, found_in(said) - _showing(call, code)))
        assert [one for one in heard if one[2]] == []
        assert {code for _, code, _ in heard} <= {0, 1, 2}
        done = {what for what, code, _ in heard if code == 0}
        assert ("hold" in " ".join(done)) or name != "nothing"
        assert name == "nothing" or any(code == 1 for _, code, _ in heard)  # it did break

    def test_a_failure_is_one_line(
        self, here: Site, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.MonkeyPatch.context() as broken:
            FAULTS["opening a row"](broken)
            code, said = _said(("revoke", PARTICIPANT), monkeypatch, capfd)
        assert code == 1
        assert len(said.strip().splitlines()) == 1


def _showing(call: tuple[str, ...], code: int) -> set[str]:
    """What a call may say: what it is there to show, and what was typed, if that was found."""
    shown = next((allowed for what, allowed in SHOWING.items() if " ".join(call).startswith(what)), set())
    return shown | ({PARTICIPANT} if code == 0 else set())


def _prepared(site: Site) -> tuple[str, str]:
    """A proposal that waits, and its entry on the ledger."""

    async def prepare() -> tuple[str, str]:
        async with site.program() as program:
            proposal = await _proposed(program)
            async with program.store.unit_of_work() as uow:
                found = await uow.participants.find(PARTICIPANT)
                assert found is not None
                entries = await uow.accounting.of(found)
        return proposal, str(next(entry.id for entry in entries if entry.kind == "proposal"))

    return asyncio.run(prepare())


# Exceptions ---------------------------------------------------------------------------------------------------------


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, containers too."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from _places(each, (*path, key))


def _changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    made = copy.deepcopy(value)
    holder = made
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return made


BAD: Final = (SECRET, [SECRET], {FAMILY: SECRET}, 7.5)


def _words_of(read: Callable[[Any], object], bent: Any, *kinds: type[Exception]) -> str | None:
    """What the exception says, and what hangs on it; None where there is none."""
    try:
        read(bent)
    except kinds as error:
        chain = [error, error.__cause__, None if error.__suppress_context__ else error.__context__]
        return " | ".join(f"{each!r} {each.__dict__}" for each in chain if each is not None)
    return None


class TestExceptions:
    def test_of_a_bent_lead_file(self) -> None:
        good = canary_file(NOON.date())
        del good["organizations"][1:3]  # more to be refused: partners that are not there
        everywhere = [place for place in _places(good) if place[0] not in ("site", "organizations")]
        places = everywhere[::4]
        bent = [_changed(good, place, BAD[number % len(BAD)]) for number, place in enumerate(places)]
        said = [_words_of(lambda file: read_lead_file(orjson.dumps(file)), each, LeadFileError) for each in bent]
        assert sum(each is not None for each in said) > len(places) // 3
        assert [found_in(each) for each in said if each is not None and found_in(each)] == []

    def test_of_a_bent_question(self) -> None:
        good = question_task(question())
        bent = [_changed(good, place, bad) for place in _places(good) for bad in BAD]
        said = [_words_of(read_question, each, QuestionError) for each in bent]
        assert sum(each is not None for each in said) > len(bent) // 2
        assert [found_in(each) for each in said if each is not None and found_in(each)] == []

    def test_of_a_bent_booking(self) -> None:
        dice = random.Random(5)  # noqa: S311  -- no secret
        bookings = list(canary_bookings(NOON.date()).values())
        said = [_words_of(_split, _cut(dice, dice.choice(bookings)), FeedError) for _ in range(400)]
        assert sum(each is not None for each in said) > 100
        assert [found_in(each) for each in said if each is not None and found_in(each)] == []


def _split(content: bytes) -> object:
    return list(ojbc.split(content, feed="jail", timezone="America/Los_Angeles", received_at=NOON))


def _cut(dice: random.Random, content: bytes) -> bytes:
    """Take a piece out, put a token in."""
    start = dice.randrange(len(content))
    put = dice.choice([b"", SECRET.encode(), b"<" + FAMILY.encode(), b"&" + FAMILY.encode() + b";", b"\xff"])
    return content[:start] + put + content[start + dice.randrange(40) :]
