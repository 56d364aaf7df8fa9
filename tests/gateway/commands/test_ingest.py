"""`ingest`: what is wrong is one line that names field and rule, and then nothing is stored."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import intake
from gateway.demo.bookings import build_bookings
from gateway.opening import compose
from gateway.settings import load
from gateway.store.places import Places
from mappings.lead.matching import Candidate
from mappings.niem.xml import MAX_BYTES
from tests.fixtures.niem.build import booking, wrap
from tests.gateway.commands.conftest import Command, counts, lead_file, nobody_in, written
from tests.gateway.conftest import DatabaseUrls

Site = dict[str, Any]


def ray(file: Site) -> dict[str, Any]:
    return next(roi for roi in file["rois"] if roi["participant"] == "p-ray")


def _no_signer(file: Site) -> None:
    ray(file)["signer"]["name"] = " "


def _no_way_to_revoke(file: Site) -> None:
    del ray(file)["how_to_revoke"]


def _unknown_organization(file: Site) -> None:
    ray(file)["grants"][0]["recipient"] = ["org:nowhere"]


def _unknown_code(file: Site) -> None:
    file["organizations"][0]["kind"] = "sheriff"


def _unknown_key(file: Site) -> None:
    file["participants"][0]["nickname"] = "Alder"


def _no_offset(file: Site) -> None:
    ray(file)["signed_at"] = "2026-01-01T10:00:00"


def _no_such_participant(file: Site) -> None:
    ray(file)["participant"] = "p-nobody"


def _twice(file: Site) -> None:
    file["participants"].append(file["participants"][0])


def _signed_tomorrow(file: Site) -> None:
    ray(file)["signed_at"] = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")


BAD: list[tuple[Callable[[Site], None], str]] = [
    (_no_signer, "2.31(a)"),
    (_no_way_to_revoke, "how_to_revoke`"),
    (_unknown_organization, "grants[0].recipient"),
    (_unknown_code, "organizations[0].kind`"),
    (_unknown_key, "participants[0].nickname`"),
    (_no_offset, "signed_at`"),
    (_no_such_participant, ".participant`"),
    (_twice, "participants[12].id`"),
    (_signed_tomorrow, "signed_at`"),
]


class TestBadLeadFiles:
    @pytest.mark.parametrize(("spoil", "said"), BAD, ids=lambda v: getattr(v, "__name__", ""))
    def test_one_line_and_nothing_stored(
        self, command: Command, reached: DatabaseUrls, tmp_path: Path, spoil: Callable[[Site], None], said: str
    ) -> None:
        file = lead_file()
        spoil(file)
        command("organizations", "list")  # marks the site, before the rows are counted
        before = counts(reached)
        done = command("ingest", "lead", written(tmp_path, file))
        assert done.code == 2
        assert said in done.line
        assert nobody_in(done)
        assert counts(reached) == before

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"rois": 1}', b"[" * 100_000, b'{"a":NaN}'])
    def test_what_is_no_lead_file(
        self, command: Command, reached: DatabaseUrls, tmp_path: Path, content: bytes
    ) -> None:
        done = command("ingest", "lead", written(tmp_path, content))
        assert done.code == 2
        assert done.line.count("`") >= 2

    def test_a_file_that_is_not_there(self, command: Command, reached: DatabaseUrls, tmp_path: Path) -> None:
        for path, said in ((tmp_path / "no.json", "no such file"), (tmp_path, "is a directory")):
            done = command("ingest", "lead", path)
            assert (done.code, said in done.line) == (2, True)

    def test_two_files_go_in_both_or_not_at_all(self, command: Command, reached: DatabaseUrls, tmp_path: Path) -> None:
        good, bad = lead_file(), {"rois": [{**ray(lead_file()), "participant": "p-nobody"}]}
        command("organizations", "list")
        before = counts(reached)
        done = command("ingest", "lead", written(tmp_path, good), written(tmp_path, bad, "bad.json"))
        assert (done.code, counts(reached)) == (2, before)

    def test_a_bad_first_file_makes_no_site(self, command: Command, tmp_path: Path) -> None:
        done = command("ingest", "lead", written(tmp_path, b"{}}"), "--data-dir", tmp_path / "new")
        assert (done.code, (tmp_path / "new").exists()) == (2, False)


class TestGoodLeadFiles:
    def test_twice_changes_nothing(self, command: Command, reached: DatabaseUrls, tmp_path: Path) -> None:
        path = written(tmp_path, lead_file())
        first = command("ingest", "lead", path, "--json").json()
        before = counts(reached)
        again = command("ingest", "lead", path, "--json").json()
        assert first["participants"] == 12
        assert set(again.values()) == {0}
        assert counts(reached) == before

    def test_a_later_file_may_refer_to_an_earlier_one(
        self, command: Command, reached: DatabaseUrls, tmp_path: Path
    ) -> None:
        first = lead_file()
        second = {"rois": first.pop("rois")}
        done = command("ingest", "lead", written(tmp_path, first), written(tmp_path, second, "b.json"), "--json")
        assert (done.code, done.json()["consents"]) == (0, 10)


def people(urls: DatabaseUrls, folder: Path) -> list[Candidate]:
    async def look() -> list[Candidate]:
        settings = load(data_dir=folder / "site", database_url=urls.data, keys_url=urls.keys)
        program = compose(settings, Places(urls.data, urls.keys, None, None))
        try:
            async with program.store.unit_of_work() as uow:
                return await intake.everybody(uow)
        finally:
            await program.store.close()

    return asyncio.run(look())


class TestBookings:
    def test_a_site_without_a_jail(self, command: Command, reached: DatabaseUrls, tmp_path: Path) -> None:
        done = command("ingest", "jail", written(tmp_path, wrap(booking())))
        assert (done.code, "`jail-custody`" in done.line) == (2, True)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<a>",
            b"<!DOCTYPE a [<!ENTITY e 'Alder'>]><a>&e;</a>",
            b"<a>" * 300 + b"</a>" * 300,
            b"<a>" + b" " * MAX_BYTES + b"</a>",
            wrap(booking(number_element="")),
            wrap("<j:Nothing/>"),
        ],
        ids=["empty", "torn", "doctype", "deep", "huge", "no-booking-id", "nobody"],
    )
    def test_what_cannot_be_read_is_quarantined_and_counted(
        self, command: Command, site: DatabaseUrls, tmp_path: Path, content: bytes
    ) -> None:
        before = counts(site)
        done = command("ingest", "jail", written(tmp_path, content, "b.xml"), "--json")
        assert (done.code, done.err) == (0, "")
        assert done.json() == {"matched": 0, "unmatched": 0, "quarantined": 1, "repeated": 0}
        changed = {name for name, number in counts(site).items() if number != before[name]}
        assert changed == {"quarantine", "repeat", "feed_count"}

    def test_forty_reports_and_again(self, command: Command, site: DatabaseUrls, tmp_path: Path) -> None:
        known = sorted(people(site, tmp_path), key=lambda someone: someone.birth_date.year != 1986)
        files = [
            written(tmp_path, content, f"{n}.xml")
            for n, (_, content) in enumerate(build_bookings(7, known, day=datetime.now(UTC).date()))
        ]
        first = command("ingest", "jail", *files, "--json")
        again = command("ingest", "jail", *files, "--json")
        assert first.json() == {"matched": 1, "unmatched": 38, "quarantined": 1, "repeated": 0}
        assert again.json()["repeated"] == 40
        assert nobody_in(first)
        assert command("feeds", "list", "--json").json()["feeds"][1] == {
            "feed": "jail",
            "takes": "NIEM booking reports (XML)",
            "matched": 1,
            "quarantined": 1,
            "repeated": 40,
            "unmatched": 38,
        }
