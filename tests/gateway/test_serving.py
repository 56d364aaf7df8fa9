"""Where the program may listen, with what certificate, and how it is told to stop."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from gateway.opening import UnsoundError, compose
from gateway.serving import AddressError, check_address, check_certificate, check_mark, run_server, server, until_told
from gateway.store.places import Places
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import opened_scene, settings_for
from tests.gateway.tls import self_signed


class TestAddress:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "gateway.example.org", ""])  # noqa: S104  -- it is refused
    def test_in_the_clear_only_on_loopback(self, host: str) -> None:
        with pytest.raises(AddressError, match="`--host`"):
            check_address(host, tls=False, proxy=None)
        check_address(host, tls=True, proxy=None)
        check_address(host, tls=False, proxy="10.0.0.2")

    @pytest.mark.parametrize("proxy", ["*", "0.0.0.0/0", "::/0", "proxy.example.org", "", "10.0.0.1,*"])
    def test_never_everybody_as_the_proxy(self, proxy: str) -> None:
        with pytest.raises(AddressError, match="`--behind-proxy`"):
            check_address("127.0.0.1", tls=True, proxy=proxy)

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
    def test_loopback(self, host: str) -> None:
        check_address(host, tls=False, proxy=None)


class TestCertificate:
    def test_half_a_pair(self, tmp_path: Path) -> None:
        cert, key = self_signed(tmp_path)
        for pair in ((cert, None), (None, key)):
            with pytest.raises(AddressError, match="both are needed"):
                check_certificate(*pair)

    def test_the_key_of_another(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        cert, _ = self_signed(tmp_path / "a")
        _, key = self_signed(tmp_path / "b")
        with pytest.raises(AddressError, match="must be a PEM certificate"):
            check_certificate(cert, key)

    def test_a_key_with_a_passphrase_is_refused_and_not_asked_for(self, tmp_path: Path) -> None:
        with pytest.raises(AddressError, match="no passphrase"):
            check_certificate(*self_signed(tmp_path, passphrase=b"secret"))

    def test_a_pair_or_none(self, tmp_path: Path) -> None:
        check_certificate(*self_signed(tmp_path))
        check_certificate(None, None)


class TestMark:
    async def test_demo_and_live_never_mix(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(UnsoundError, match="holds a demo site"):
                await check_mark(scene.program, "live")
            await check_mark(scene.program, "demo")

    async def test_no_mark_is_neither(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        places = Places(database_urls.data, database_urls.keys, None, None)
        program = compose(settings_for(tmp_path, database_urls), places)
        for mark in ("demo", "live"):
            with pytest.raises(UnsoundError):
                await check_mark(program, mark)
        await program.close()


class TestStopping:
    @pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
    async def test_a_signal_lets_the_work_clean_up(self, told: signal.Signals) -> None:
        cleaned = False

        async def work() -> None:
            nonlocal cleaned
            try:
                os.kill(os.getpid(), told)
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)
                cleaned = True

        await until_told(work())
        assert cleaned

    async def test_work_that_fails_fails(self) -> None:
        async def work() -> None:
            raise UnsoundError("no")

        with pytest.raises(UnsoundError):
            await until_told(work())

    async def test_a_server_that_is_cancelled_has_stopped(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            places = Places(database_urls.data, database_urls.keys, None, None)
            http = server(scene.program, places, host="127.0.0.1", port=0, worker=False)
            running = asyncio.create_task(run_server(http))
            while not http.started:  # noqa: ASYNC110  -- uvicorn has no event for it
                await asyncio.sleep(0.01)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        assert not any(each.is_serving() for each in http.servers)
