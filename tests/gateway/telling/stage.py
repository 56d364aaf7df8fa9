"""A subscriber with an endpoint of its own, and the jobs that tell it."""

import json
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

from consent.codes import Purpose
from consent.model import Person
from gateway import notifying, sending, subscriptions
from gateway.store.repositories.subscriptions import StoredNotification, StoredSubscription, Subscriptions
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import Client, Grant, StoredDelivery
from mappings.fhir.subscription import Content, Topic, Wanted
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import Story, opened_story
from tests.gateway.site import Door, Scene

STATES = ("queued", "sending", "delivered", "acknowledged", "failed", "suppressed", "expired")


@dataclass
class Receiver:
    """A partner's endpoint: remembers what came, answers as told."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    bundles: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return [said(bundle, "type")["valueCode"] for bundle in self.bundles]

    @property
    def focuses(self) -> list[str | None]:
        return [focus(bundle) for bundle in self.bundles if said(bundle, "type")["valueCode"] == "event-notification"]


def said(bundle: dict[str, Any], name: str) -> dict[str, Any]:
    listed = bundle["entry"][0]["resource"]["parameter"]
    found: dict[str, Any] = next((one for one in listed if one["name"] == name), {})
    return found


def focus(bundle: dict[str, Any]) -> str | None:
    parts = {one["name"]: one for one in said(bundle, "notification-event").get("part", [])}
    return parts["focus"]["valueReference"]["reference"] if "focus" in parts else None


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    kept = Receiver()

    class Exchange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.bundles.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            kept.headers.append(dict(self.headers))
            self.send_response_only(kept.statuses.pop(0) if kept.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a failed handshake is no news
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Stage:
    """A story, and a subscriber's endpoint."""

    story: Story
    receiver: Receiver

    @property
    def scene(self) -> Scene:
        return self.story.scene

    async def grant(
        self, organization: str, purpose: Purpose | None = Purpose.CARE_COORDINATION, token: bytes = b"t" * 32
    ) -> Grant:
        """A token of a system of that organization."""
        client = Client(
            f"sys:{organization}", organization, {"keys": []}, frozenset({"system/Subscription.cruds"}), disabled=False
        )
        async with self.scene.store.unit_of_work() as uow:
            await uow.clients.put(client)
            await uow.commit()
        expires = self.scene.clock() + timedelta(minutes=5)
        person = Person("J. Lee", "liaison-prosecutor")
        return Grant(client.client_id, organization, client.scopes, expires, purpose, person, digest=token)

    async def subscribed(
        self, organization: str, topic: Topic, content: Content = Content.ID_ONLY, **more: Any
    ) -> StoredSubscription:
        """A subscription whose handshake has been answered."""
        purpose = more.pop("purpose", Purpose.CARE_COORDINATION)
        grant = await self.grant(organization, purpose)
        wanted = Wanted(topic, self.receiver.url, content, **more)
        made = await subscriptions.subscribe(self.scene.store, grant, wanted, self.scene.clock())
        await self.run()
        return await self.now(made.id)

    async def now(self, identity: UUID) -> StoredSubscription:
        async with self.scene.store.unit_of_work() as uow:
            found = await Subscriptions(uow.connection, uow.vault).get(identity)
        assert found is not None
        return found

    async def events(self, told: StoredSubscription) -> list[StoredNotification]:
        async with self.scene.store.unit_of_work() as uow:
            shelf = Subscriptions(uow.connection, uow.vault)
            found = [await shelf.event_of(each.id) for each in await self._all(uow)]
        return [
            each for each in found if each is not None and each.subscription == told.id and each.kind != "handshake"
        ]

    async def _all(self, uow: UnitOfWork) -> list[StoredDelivery]:
        found = [each for state in STATES for each in await uow.deliveries.in_state(state)]
        return [each for each in found if each.kind == "notification"]

    async def deliveries(self) -> list[StoredDelivery]:
        async with self.scene.store.unit_of_work() as uow:
            return await self._all(uow)

    async def run(self, *, late: bool = False) -> None:
        """What workers do with the tellings whose time has come; `late`: with all of them, when it has."""
        hooks = notifying.Hooks("https://gateway.test")

        async def door(_: UnitOfWork, __: str) -> Door:
            return self.scene.door

        for each in await self.deliveries():
            if each.state not in {"queued", "sending"}:
                continue
            if late:
                self.scene.clock.at = max(self.scene.clock.at, each.due_at)
            if each.due_at <= self.scene.clock():
                doors = sending.Doors(door, self.scene.clock, 5.0, hooks=hooks)
                await sending.deliver(self.scene.store, doors, each.id)


@asynccontextmanager
async def staged(folder: Path, urls: DatabaseUrls) -> AsyncIterator[Stage]:
    with receiving() as receiver:
        async with opened_story(folder / "site", urls) as story:
            yield Stage(story, receiver)
