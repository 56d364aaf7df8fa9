"""Mail to staff, against a real SMTP server."""

import ssl
from email.message import Message
from pathlib import Path

import pytest

from adapters.staff.nudge import WORDS, ContactError, NotTold, Told
from adapters.staff.smtp import Mail, SmtpServer, checked_address, server_of
from tests.adapters.staff.receiving import Postbox, mail_server
from tests.gateway.site import NOON
from tests.gateway.tls import self_signed

SENDER, STAFF = "gateway@cedar.example", "mo.cypress@cedar.example"
CONSOLE = "https://gateway.cedar.example/console"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path)


def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[0])


async def tell(url: str, box: Postbox, tls: ssl.SSLContext | None = None, seconds: float = 5.0) -> Told | NotTold:
    mail = Mail(server_of(url.format(port=box.port)), sender=SENDER, tls=tls)
    return await mail.tell(STAFF, CONSOLE, NOON, seconds=seconds)


class TestRefused:
    @pytest.mark.parametrize(
        "url",
        [
            "",
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://mail.example/inbox",
            "smtp://mail.example?starttls=no",
            "smtp://mail.example:port",
            "smtp://name@mail.example",
            "smtp+plain://mail.example",
            "smtp+plain://10.0.0.1",
        ],
    )
    def test_servers(self, url: str) -> None:
        with pytest.raises(ContactError, match=r"^must "):
            server_of(url)

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "mo",
            "@cedar.example",
            "mo@",
            "Mo Cypress <mo@cedar.example>",
            "mo@cedar.example, wren@cedar.example",
            "mo@cedar.example\nBcc: everybody@cedar.example",
            "mo@cedar.example\n",
            "mo@" + "a" * 250 + ".example",
        ],
    )
    def test_addresses(self, address: str) -> None:
        with pytest.raises(ContactError, match="one e-mail address"):
            checked_address(address)
        with pytest.raises(ContactError, match="one e-mail address"):
            Mail(SmtpServer("localhost", 25, "plain"), sender=address)

    async def test_a_certificate_that_nobody_vouches_for(self, certificate: tuple[Path, Path]) -> None:
        for scheme, security in (("smtp", "starttls"), ("smtps", "tls")):
            async with mail_server(certificate, security=security) as box:
                went = await tell(scheme + "://localhost:{port}", box)
            assert isinstance(went, NotTold)
            assert (went.perhaps, box.envelopes) == (False, [])

    async def test_a_certificate_for_another_name(self, certificate: tuple[Path, Path]) -> None:
        async with mail_server(certificate) as box:
            went = await tell("smtp://127.0.0.2:{port}", box, trusting(certificate))
        assert (isinstance(went, NotTold), box.envelopes) == (True, [])

    async def test_a_server_without_starttls_gets_nothing(self, certificate: tuple[Path, Path]) -> None:
        async with mail_server(None) as box:
            went = await tell("smtp://gateway:secret@localhost:{port}", box, trusting(certificate))
        assert (isinstance(went, NotTold), box.envelopes) == (True, [])

    async def test_a_wrong_password(self, certificate: tuple[Path, Path]) -> None:
        async with mail_server(certificate, auth=True) as box:
            went = await tell("smtp://gateway:wrong@localhost:{port}", box, trusting(certificate))
        assert (isinstance(went, NotTold), box.envelopes) == (True, [])

    @pytest.mark.parametrize(
        ("refuse", "seconds", "told"),
        [
            ("recipient", 5.0, NotTold("recipient-refused", perhaps=False)),
            ("data", 5.0, NotTold("smtp-451", perhaps=False)),
            ("silence", 0.5, NotTold("no-answer", perhaps=True)),
        ],
    )
    async def test_what_the_server_makes_of_it(self, refuse: str, seconds: float, told: NotTold) -> None:
        async with mail_server(None, security="plain") as box:
            box.refuse = refuse
            assert await tell("smtp+plain://127.0.0.1:{port}", box, seconds=seconds) == told

    async def test_nobody_there(self) -> None:
        async with mail_server(None, security="plain") as box:
            pass
        assert await tell("smtp+plain://127.0.0.1:{port}", box) == NotTold("connect", perhaps=False)


class TestTold:
    @pytest.mark.parametrize(("scheme", "security"), [("smtp", "starttls"), ("smtps", "tls")])
    async def test_over_tls_signed_in(self, certificate: tuple[Path, Path], scheme: str, security: str) -> None:
        auth = security == "starttls"
        name = "gateway:cedar%20pass@" if auth else ""
        async with mail_server(certificate, security=security, auth=auth) as box:
            went = await tell(scheme + f"://{name}localhost:{{port}}", box, trusting(certificate))
        assert (went, len(box.envelopes)) == (Told(), 1)

    async def test_exactly_this_and_nothing_else(self) -> None:
        async with mail_server(None, security="plain") as box:
            await tell("smtp+plain://127.0.0.1:{port}", box)
        (message,) = box.messages
        assert (box.envelopes[0].mail_from, box.envelopes[0].rcpt_tos) == (SENDER, [STAFF])
        assert message.get_payload() == f"{WORDS}\r\n{CONSOLE}\r\n"
        assert headers(message) == {
            "From": SENDER,
            "To": STAFF,
            "Subject": WORDS,
            "Date": "Tue, 24 Nov 2026 20:00:00 +0000",
            "Auto-Submitted": "auto-generated",
        }

    def test_no_password_is_shown(self) -> None:
        assert "cedar" not in repr(server_of("smtp://gateway:cedar@mail.example"))

    def test_the_ports(self) -> None:
        assert [server_of(f"{scheme}://localhost").port for scheme in ("smtp", "smtps", "smtp+plain")] == [587, 465, 25]


def headers(message: Message) -> dict[str, str]:
    """What a reader sees; the rest is the form of mail, and the message's own random id."""
    form = {"Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
    assert message["Message-ID"].endswith("@cedar.example>")
    return {name: value for name, value in message.items() if name not in form}
