"""A partner's address must not make us call what only we can reach."""

import asyncio
from ipaddress import ip_address

import pytest

from adapters import addresses
from adapters.addresses import AddressError, checked, is_public, pinned

OUT_OF_FORM = [
    "",
    "not a url",
    "https://",
    "https://name:secret@a.test/x",
    "https://a.test/x?key=1",
    "https://a.test/x#y",
    "https://a.test/%2e%2e/x",
    "https://a.test/x y",
    "https://a.test/é",
    "https://a_b.test/",
    f"https://a.test/{'x' * 600}",
]
NOT_HTTPS = ["http://a.test/x", "ftp://a.test/x", "http://8.8.8.8/x", "file:///etc/passwd"]
OURS = [
    "0.0.0.0",  # noqa: S104  -- refused, not bound
    "10.0.0.8",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
]


def answering(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    async def look_up(host: str, port: int) -> list:
        return [ip_address(one) for one in found]

    monkeypatch.setattr(addresses, "_addresses", look_up)


class TestText:
    @pytest.mark.parametrize("private", [False, True])
    @pytest.mark.parametrize("url", OUT_OF_FORM)
    def test_out_of_form(self, url: str, *, private: bool) -> None:
        with pytest.raises(AddressError, match="form"):
            checked(url, private=private)

    @pytest.mark.parametrize("url", NOT_HTTPS)
    def test_not_https(self, url: str) -> None:
        with pytest.raises(AddressError, match=r"https|form"):
            checked(url, private=True)

    @pytest.mark.parametrize("number", OURS)
    def test_an_address_of_ours(self, number: str) -> None:
        assert not is_public(ip_address(number))
        shown = f"[{number}]" if ":" in number else number
        with pytest.raises(AddressError, match="private"):
            checked(f"https://{shown}/x")

    def test_may_be_called(self) -> None:
        assert checked("https://a.test:8443/fhir/hook").host == "a.test"
        assert checked("http://127.0.0.1:8000/hook", private=True).port == 8000
        assert is_public(ip_address("93.184.215.14"))


class TestLookUp:
    async def test_one_private_address_refuses_them_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answering(monkeypatch, "93.184.215.14", "127.0.0.1")
        with pytest.raises(AddressError, match="private"):
            await pinned("https://a.test/x")

    async def test_a_name_that_nobody_knows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answering(monkeypatch)
        with pytest.raises(AddressError, match="unknown"):
            await pinned("https://a.test/x")

    async def test_a_number_in_other_clothes_is_looked_up_and_judged(self) -> None:
        for host in ("2130706433", "127.1", "0x7f.1"):
            with pytest.raises(AddressError, match=r"private|unknown"):
                await pinned(f"https://{host}/x")

    async def test_a_look_up_that_takes_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(addresses, "_LOOK_UP_SECONDS", 0.01)

        async def never(*_: object, **__: object) -> list:
            await asyncio.sleep(5)
            return []

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
        with pytest.raises(AddressError, match="unknown"):
            await pinned("https://a.test/x")

    async def test_the_very_address_that_was_judged_is_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answering(monkeypatch, "93.184.215.14")
        found = await pinned("https://a.test:8443/x")
        assert (found.url.host, found.url.port, found.host) == ("93.184.215.14", 8443, "a.test:8443")
        assert found.extensions == {"sni_hostname": "a.test"}

    async def test_a_real_look_up(self) -> None:
        found = await pinned("http://localhost:81/x", private=True)
        assert found.url.host in {"127.0.0.1", "::1"}
