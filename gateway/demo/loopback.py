"""The demo is for this machine alone: whatever a browser was tricked into sending, or a proxy passes on, is refused."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_MISDIRECTED: Final = 421  # RFC 9110 section 15.5.20
_POLICY_VIOLATION: Final = 1008
_FORWARDED: Final = (b"forwarded", b"via", b"x-forwarded", b"x-real-ip", b"x-original", b"x-client-ip")


class Loopback:
    """Wraps the demo's whole application: one Host header that names this machine and port, nothing forwarded.

    A foreign Host would let a web page reach the demo through a name that it points at 127.0.0.1 (DNS rebinding).
    """

    def __init__(self, app: Any, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass on what is meant for this machine; answer anything else with a constant, empty 421."""
        if scope["type"] == "lifespan" or self._is_meant(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            headers = [(b"content-length", b"0"), (b"cache-control", b"no-store"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": _MISDIRECTED, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

    def _is_meant(self, scope: MutableMapping[str, Any]) -> bool:
        hosts = [value.lower() for name, value in scope["headers"] if name == b"host"]
        forwarded = any(name.startswith(_FORWARDED) for name, _ in scope["headers"])
        return len(hosts) == 1 and hosts[0] in self._hosts and not forwarded
