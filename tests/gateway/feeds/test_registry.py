"""The registry: what it refuses, when a feed is not as it should be, and that nobody's secret is kept in it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import feeds
from gateway.feeds import FeedSetupError, find_source, is_malformed, is_silent, read_secret
from gateway.housekeeping import follow_feeds
from gateway.intake import Envelope, receive
from gateway.store.repositories.feeds import Feed
from tests.gateway.commands.conftest import Command
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene

FEED = Feed("cedar", "ojbc-booking", "org:cedar-jail", "America/Los_Angeles", rhythm_hours=12)


async def open_kinds(scene: Scene) -> set[str]:
    async with scene.store.unit_of_work() as uow:
        return {duty.kind for duty in await uow.duties.open(kinds=[feeds.SILENT, feeds.MALFORMED])}


class TestRefused:
    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"name": "Cedar Jail"}, "NAME"),
            ({"name": "lead"}, "NAME"),
            ({"kind": "fax"}, "--kind"),
            ({"organization": "org:nobody"}, "--organization"),
            ({"organization": "org:prosecutor"}, "--organization"),
            ({"timezone": "Mars/Base"}, "--timezone"),
            ({"rhythm_hours": 0.0}, "--rhythm"),
            ({"settings": {"colour": "red"}}, "--set"),
            ({"secret": "s3cret-key"}, "--secret"),
            ({"secret": "env:"}, "--secret"),
        ],
    )
    async def test_what_will_not_do(self, tmp_path: Path, database_urls: DatabaseUrls, wrong: dict, field: str) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(FeedSetupError, match=f"`{field}`"):
                await feeds.add(scene.store, replace(FEED, **wrong), by="Officer", at=NOON)
            async with scene.store.unit_of_work() as uow:
                assert await uow.feeds.every() == []

    def test_a_secret_that_is_not_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LEAD_NO_SUCH", raising=False)
        (tmp_path / "empty").write_bytes(b"\n")
        for reference in ("env:LEAD_NO_SUCH", f"file:{tmp_path}/none", f"file:{tmp_path}/empty", "plain"):
            with pytest.raises(FeedSetupError):
                read_secret(reference)
        (tmp_path / "key").write_bytes(b"k" * 40 + b"\n")
        assert read_secret(f"file:{tmp_path}/key") == b"k" * 40


class TestFollowed:
    def test_without_a_rhythm_nothing_is_silent(self) -> None:
        assert not is_silent(replace(FEED, rhythm_hours=None, added_at=NOON), NOON + timedelta(days=900))
        assert not is_silent(replace(FEED, added_at=NOON), NOON + timedelta(hours=12))
        assert is_silent(replace(FEED, added_at=NOON), NOON + timedelta(hours=12, seconds=1))

    def test_three_in_a_row_are_malformed(self) -> None:
        assert [is_malformed(replace(FEED, unreadable=n)) for n in (0, 2, 3)] == [False, False, True]

    async def test_silent_and_malformed_open_a_duty_that_ends_by_itself(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await feeds.add(scene.store, FEED, by="Officer", at=scene.clock())
            await follow_feeds(scene.program)
            assert await open_kinds(scene) == set()
            scene.clock.move(hours=13)
            for _ in range(2):
                await follow_feeds(scene.program)
            assert await open_kinds(scene) == {feeds.SILENT}
            assert 'lead_gateway_feeds{state="silent"} 1' in scene.program.figures()
            async with scene.store.unit_of_work() as uow:
                source = await find_source(uow, "cedar")
            for content in (b"<a", b"<b", b"<c", b"<c"):  # the last is a repeat
                await receive(scene.store, Envelope(content, scene.clock()), source, scene.program.weights)
            await follow_feeds(scene.program)
            assert await open_kinds(scene) == {feeds.MALFORMED}
            assert "cedar" not in scene.program.figures()
            await feeds.pause(scene.store, "cedar", paused=True, at=scene.clock())
            await follow_feeds(scene.program)
            assert await open_kinds(scene) == set()
            async with scene.store.unit_of_work() as uow:
                with pytest.raises(FeedSetupError, match="paused"):
                    await find_source(uow, "cedar")


class TestCommands:
    def test_added_listed_tried_paused(self, command: Command, site: DatabaseUrls, tmp_path: Path) -> None:
        add = ("feeds", "add", "cedar", "--kind", "ojbc-booking", "--organization", "org:cedar-jail", "--by", "Officer")
        assert command(*add, "--secret", "a-secret-itself").code == 2
        assert command(*add, "--secret", "env:CEDAR_KEY", "--rhythm", "12").code == 0
        assert command(*add).code == 2  # there is one
        bad = tmp_path / "bad.xml"
        bad.write_bytes(b"<a/>")
        assert command("feeds", "test", "cedar", bad).code == 1
        assert command("feeds", "test", "nobody", bad).code == 2
        assert command("feeds", "pause", "cedar").code == 0
        assert command("ingest", "cedar", bad).code == 2
        listed = command("feeds", "list", "--json").json()["feeds"]
        (cedar,) = [row for row in listed if row["feed"] == "cedar"]
        assert (cedar["state"], cedar["secret"]) == ("paused", "env:CEDAR_KEY")
        assert command("feeds", "resume", "cedar").code == 0
        assert command("ingest", "cedar", bad, "--json").json()["quarantined"] == 1
        assert command("feeds", "pause", "nobody").code == 2
