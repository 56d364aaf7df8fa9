"""Tells staff by e-mail: SMTP with TLS that is verified (RFC 5321, RFC 3207, RFC 8314)."""

import asyncio
import re
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib

from adapters.staff.nudge import WORDS, ContactError, NotTold, Told
from adapters.staff.webhook import is_loopback

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_LONGEST: Final = 254  # RFC 5321, errata 1690
_PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
Security = Literal["starttls", "tls", "plain"]
_SECURITY: Final[dict[str, Security]] = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "plain"}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server that takes mail, and how: `starttls` is demanded, never merely tried. Shows no password."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def server_of(url: str) -> SmtpServer:
    """Read `smtp://USER:PASSWORD@HOST:PORT` (STARTTLS), `smtps://` (TLS from the start), or `smtp+plain://`.

    Without TLS only toward this machine itself. Raises ContactError.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ContactError("must be an `smtp://` or `smtps://` URL") from None
    if parts.scheme not in _SECURITY or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ContactError("must be an `smtp://` or `smtps://` URL")
    if _SECURITY[parts.scheme] == "plain" and not is_loopback(parts.hostname):
        raise ContactError("must use TLS beyond this machine")
    if (parts.username is None) != (parts.password is None):
        raise ContactError("must hold both a name and a password, or neither")
    names = [None if each is None else unquote(each) for each in (parts.username, parts.password)]
    return SmtpServer(parts.hostname, port or _PORTS[parts.scheme], _SECURITY[parts.scheme], names[0], names[1])


def checked_address(address: str) -> str:
    """Give an e-mail address back. Raises ContactError for what is none: no name, no list, no line break in it."""
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
        raise ContactError("`ADDRESS`: must be one e-mail address")
    return address


class Mail:
    """One sender on one server; implements adapters.staff.nudge.Nudge."""

    def __init__(self, server: SmtpServer, *, sender: str, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._sender = checked_address(sender)
        self._tls = ssl.create_default_context() if tls is None else tls

    async def tell(self, address: str, console: str, at: datetime, *, seconds: float = 10.0) -> Told | NotTold:
        """Send one message with nothing in it but the words and the console's address."""
        message = self._message(checked_address(address), console, at)
        try:
            async with asyncio.timeout(seconds):
                await self._send(message, address, seconds)
        except (aiosmtplib.SMTPConnectError, ssl.SSLError):
            return NotTold("connect", perhaps=False)
        except aiosmtplib.SMTPResponseException as error:
            return NotTold(f"smtp-{error.code}", perhaps=False)
        except aiosmtplib.SMTPRecipientsRefused:
            return NotTold("recipient-refused", perhaps=False)
        except (TimeoutError, aiosmtplib.SMTPServerDisconnected):
            return NotTold("no-answer", perhaps=True)
        except (aiosmtplib.SMTPException, OSError):
            return NotTold("refused", perhaps=False)
        return Told()

    def _message(self, address: str, console: str, at: datetime) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = address
        message["Subject"] = WORDS
        message["Date"] = format_datetime(at)
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
        message.set_content(f"{WORDS}\n{console}\n")
        return message

    async def _send(self, message: EmailMessage, address: str, seconds: float) -> None:
        server = self._server
        await aiosmtplib.send(
            message,
            sender=self._sender,
            recipients=[address],
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            local_hostname=self._sender.rpartition("@")[2],
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=None if server.security == "plain" else self._tls,
            timeout=seconds,
        )
