"""The outermost ASGI layer: on partner routes nothing leaves but a marked departure, byte for byte.

Every response to a partner is made of one `Departure`: a sealed disclosure or neutral answer, rendered, or one of the
constants of gateway/api/fixed.py. The response that carries it writes it on the slip that the fence puts into the ASGI
scope. The fence sends the departure's own status, headers and bytes, and only if the application produced the same
status and bytes; whatever else the application produced is dropped and a constant 500 leaves instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass, field
from http import HTTPStatus
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consent.disclosure import Disclosure, NeutralAnswer

SLIP: Final = "lead.exit"
PARTNER_PREFIXES: Final = ("/fhir", "/oauth", "/cds-services", "/inbound", "/revoke", "/openapi.json")

_STAMP: Final = object()  # INVARIANT: only gateway/api/fixed.py and gateway/api/responses.py pass this on
_POLICY_VIOLATION: Final = 1008  # RFC 6455 section 7.4.1

_log = structlog.get_logger(__name__)


class DepartureError(TypeError):
    """Somebody tried to let something out that is neither sealed nor a constant."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One complete answer that may leave. `source`: the sealed value it renders, or the name of the constant it is."""

    stamp: InitVar[object]
    source: Disclosure | NeutralAnswer | str
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = field(repr=False)

    def __post_init__(self, stamp: object) -> None:
        if stamp is not _STAMP:
            raise DepartureError("only `gateway.api.fixed` and `gateway.api.responses` make departures")
        if not isinstance(self.source, (Disclosure, NeutralAnswer, str)):
            raise DepartureError("`source` is neither sealed nor the name of a constant")


class Slip:
    """The mutable mark of one request. It lives in the scope, so copies of the scope share it."""

    __slots__ = ("departure",)

    def __init__(self) -> None:
        self.departure: Departure | None = None


def mark(scope: Scope, departure: Departure) -> None:
    """Write `departure` on the request's slip.

    Raises DepartureError where no fence stands in front of the application: then nothing may leave.
    """
    slip = scope.get(SLIP)
    if not isinstance(slip, Slip):
        raise DepartureError("no exit fence in front of this application")
    slip.departure = departure


def is_partner(scope: Scope, prefixes: tuple[str, ...] = PARTNER_PREFIXES) -> bool:
    """Is the path a partner's, with or without the prefix that a proxy has announced in `root_path`."""
    path = scope["path"]
    paths = (path, path.removeprefix(scope.get("root_path", "")))
    return any(one == prefix or one.startswith(prefix + "/") for one in paths for prefix in prefixes)


class _RefusedError(Exception):
    """Stops an application that goes on writing after the fence has answered in its place."""


class _Gate:
    """Collects one response and lets a departure through, once."""

    def __init__(self, slip: Slip, otherwise: Departure, send: Send) -> None:
        self._slip = slip
        self._otherwise = otherwise
        self._send = send
        self._status: int | None = None
        self._body = bytearray()
        self.answered: Departure | None = None
        self.replaced = False

    async def take(self, message: Message) -> None:
        """Accept one message from the application. Anything but a start and bodies of a known departure is dropped."""
        if self.answered is not None:
            raise _RefusedError
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
        if not self._on_track():
            await self.replace()
            raise _RefusedError
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._conclude()

    def _on_track(self) -> bool:
        departure = self._slip.departure
        return departure is not None and len(self._body) <= len(departure.body)

    async def _conclude(self) -> None:
        departure = self._slip.departure
        if departure is None or self._status != departure.status or bytes(self._body) != departure.body:
            await self.replace()
        else:
            await self._answer(departure)

    async def replace(self) -> None:
        """Let the constant leave instead of what the application wrote."""
        self.replaced = True
        await self._answer(self._otherwise)

    async def _answer(self, departure: Departure) -> None:
        """Send one departure whole. INVARIANT: status, headers and bytes are the departure's own."""
        self.answered = departure
        start = {"type": "http.response.start", "status": departure.status, "headers": list(departure.headers)}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": departure.body})


class ExitFence:
    """Wraps a whole application. `otherwise` is the constant that leaves in place of anything unmarked.

    `observe(scope, status, replaced)` is called once per answered partner request, for counts. Exceptions never pass
    to the server, on any route, because servers log them with their text; only the class of the error is logged.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        otherwise: Departure,
        partner_prefixes: tuple[str, ...] = PARTNER_PREFIXES,
        observe: Callable[[Mapping[str, Any], int, bool], None] | None = None,
    ) -> None:
        self._app = app
        self._otherwise = otherwise
        self._prefixes = partner_prefixes
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; a WebSocket on a partner route is closed unopened."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            scope[SLIP] = Slip()
            door = self._partner if is_partner(scope, self._prefixes) else self._open
            await door(scope, receive, send)
        elif scope["type"] == "websocket" and not is_partner(scope, self._prefixes):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    async def _partner(self, scope: Scope, receive: Receive, send: Send) -> None:
        slip: Slip = scope[SLIP]
        gate = _Gate(slip, self._otherwise, send)
        try:
            await self._app(scope, receive, gate.take)
        except _RefusedError:
            _log.error("exit-refused", route=_route(scope))
        except Exception as error:  # noqa: BLE001  -- whatever it was, its text must not reach the server's log
            _log.error("request-failed", route=_route(scope), error_class=type(error).__name__)
        if gate.answered is None:
            await gate.replace()
        if self._observe is not None and gate.answered is not None:
            self._observe(scope, gate.answered.status, gate.replaced)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:  # noqa: BLE001  -- as above
            _log.error("request-failed", route=_route(scope), error_class=type(error).__name__)
            if not started:
                headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
                await send(
                    {
                        "type": "http.response.start",
                        "status": int(HTTPStatus.INTERNAL_SERVER_ERROR),
                        "headers": headers,
                    }
                )
                await send({"type": "http.response.body", "body": b""})


def _route(scope: Scope) -> str:
    """Name the route's template, never the path that was called: paths are free text."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else "none"
