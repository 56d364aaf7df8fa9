"""A real SMTP server inside the test's own loop, which remembers what it took."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Postbox:
    """What arrived: the envelopes as they are, and the messages in them."""

    port: int = 0
    refuse: str = ""
    envelopes: list[Envelope] = field(default_factory=list)
    helo: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[Message]:
        return [message_from_bytes(envelope.original_content or b"") for envelope in self.envelopes]

    @property
    def everything(self) -> bytes:
        """All bytes that arrived, and to and from whom."""
        told = [
            str((each.mail_from, each.rcpt_tos)).encode() + (each.original_content or b"") for each in self.envelopes
        ]
        return b"\n".join((*told, *(name.encode() for name in self.helo)))

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802  -- aiosmtpd calls it so
        if self.refuse == "recipient":
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  -- as above
        if self.refuse == "data":
            return "451 try again later"
        if self.refuse == "silence":
            await asyncio.sleep(60)
        self.helo.append(session.host_name or "")
        self.envelopes.append(envelope)
        return "250 taken"


def _signed_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (b"gateway", b"cedar pass")
    return AuthResult(success=right)


@asynccontextmanager
async def mail_server(
    certificate: tuple[Path, Path] | None, *, security: str = "starttls", auth: bool = False
) -> AsyncIterator[Postbox]:
    """Serve SMTP on a port of this machine while the block runs."""
    box = Postbox()
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*certificate)
    starttls = tls if security == "starttls" else None
    more: dict[str, Any] = {"auth_required": True, "authenticator": _signed_in} if auth else {}

    def serve() -> SMTP:
        return SMTP(box, hostname="localhost", tls_context=starttls, require_starttls=starttls is not None, **more)

    direct = tls if security == "tls" else None
    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0, ssl=direct)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
