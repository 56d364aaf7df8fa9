"""The fences of design.md 3 stand in the real program: one way out, one door each, and nobody beside them.

What each fence withstands is tested where it lives (test_sealed, test_contracts, tests/gateway/test_exit). Here: that
the program as it is composed has them, everywhere, and that what has one caller has no second.
"""

import ast
import inspect
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args, get_type_hints

import pytest
from fastapi.routing import APIRoute
from starlette.middleware.errors import ServerErrorMiddleware

from adapters.outbound import Outbound
from adapters.prosecutor.fhir_push import FhirPush
from adapters.subscriptions.rest_hook import RestHook, Signal
from consent.disclosure import _SEAL, Clearance, LedgerReceipt
from gateway.api import ROUTERS
from gateway.api.responses import DisclosureResponse, FixedResponse, PartyResponse, PulledResponse
from gateway.app import make_app
from gateway.exit import PARTNER_PREFIXES, Departure, DepartureError, ExitFence
from gateway.opening import compose
from gateway.showing import PartyAnswer
from gateway.store.places import Places
from mappings.fhir.subscription import Content, Shown, Topic, Wanted
from tests.architecture.source import Module, calls, imports, modules, names
from tests.gateway.site import NOON
from tests.gateway.site import settings_for as settings_of

OPEN: Final = {"/health/live", "/health/ready", "/metrics"}
"""What needs no fence, because it says nothing about anybody. A route more, and somebody has to write it down here."""


def routes() -> list[APIRoute]:
    found = [route for router in ROUTERS for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in found)  # no mount, no WebSocket, no bare Starlette route
    return [route for route in found if isinstance(route, APIRoute)]


def is_partners(route: APIRoute) -> bool:
    return any(route.path == prefix or route.path.startswith(f"{prefix}/") for prefix in PARTNER_PREFIXES)


@dataclass(frozen=True)
class Nowhere:
    """Addresses of databases that are never called."""

    data: str = "postgresql+psycopg://x@127.0.0.1:1/x"
    keys: str = "postgresql+psycopg://x@127.0.0.1:1/y"


class TestTheApplication:
    def _app(self, tmp_path: Path) -> Any:
        urls: Any = Nowhere()
        program = compose(settings_of(tmp_path, urls), Places(urls.data, urls.keys, None, None))
        return make_app(program, jobs=None)

    def test_the_exit_is_outside_of_everything(self, tmp_path: Path) -> None:
        stack = self._app(tmp_path).build_middleware_stack()
        assert isinstance(stack, ExitFence)
        assert isinstance(stack._app, ServerErrorMiddleware)

    def test_middleware_that_is_added_later_stays_inside(self, tmp_path: Path) -> None:
        class Late:
            def __init__(self, app: object) -> None:
                self.app = app

        app = self._app(tmp_path)
        app.add_middleware(Late)
        assert isinstance(app.build_middleware_stack(), ExitFence)

    def test_there_is_no_documentation_to_leak_names(self, tmp_path: Path) -> None:
        app = self._app(tmp_path)
        assert (app.docs_url, app.redoc_url, app.openapi_url, app.debug) == (None, None, None, False)


class TestRoutes:
    def test_every_route_is_a_partners_or_known_to_be_open(self) -> None:
        assert {route.path for route in routes() if not is_partners(route)} == OPEN
        assert [route.path for route in routes() if is_partners(route)]

    @pytest.mark.parametrize("route", routes(), ids=lambda route: f"{min(route.methods)} {route.path}")
    def test_a_partners_route_gives_departures_only(self, route: APIRoute) -> None:
        returned = get_type_hints(route.endpoint)["return"]
        kinds = set(get_args(returned)) if isinstance(returned, UnionType) else {returned}
        if is_partners(route):
            assert kinds <= {FixedResponse, DisclosureResponse, PartyResponse, PulledResponse}
        assert route.response_model is None

    def test_a_disclosure_over_http_is_an_emergency_or_an_answer(self) -> None:
        pulling = {m.path for m in modules("gateway") for _, name, _ in calls(m) if name.endswith("DisclosureResponse")}
        assert pulling == {"gateway/api/fhir.py", "gateway/api/answers.py"}

    def test_what_is_pulled_is_shown_by_one_module(self) -> None:
        pulling = {m.path for m in modules("gateway") for _, name, _ in calls(m) if name.endswith("PulledResponse")}
        assert pulling == {"gateway/api/resources.py"}


def _clearance() -> Clearance:
    return Clearance(
        seal=_SEAL,
        request="r",
        recipient="org:x",
        purpose="treatment",
        participant="p",
        items=(),
        notice=None,
        scope=None,
        summary=None,
        obligations=(),
        digest="0" * 64,
    )


class Lookalike:
    """Has everything that a disclosure has, but its seal."""

    clearance = _clearance()
    entry = "e"
    at = NOON
    recipient = "org:x"
    reference = "r"


UNSEALED: Final[list[Any]] = [
    None,
    {},
    b"bytes",
    "text",
    [],
    _clearance(),
    LedgerReceipt("e", "0" * 64, NOON),
    Lookalike(),
    Exception("x"),
]


def _senders() -> dict[str, Module]:
    """Every class in adapters that sends."""
    return {
        f"{module.path}:{node.name}": module
        for module in modules("adapters")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        if any(isinstance(inner, ast.AsyncFunctionDef) and inner.name == "send" for inner in node.body)
    }


class TestOutbound:
    DOORS: Final = {
        "adapters/prosecutor/fhir_push.py:FhirPush": lambda: FhirPush(
            "http://127.0.0.1:1/fhir", organizations={}, base_url="http://127.0.0.1:1"
        ),
        "adapters/subscriptions/rest_hook.py:RestHook": lambda: RestHook(
            Shown("s", "active", Wanted(Topic.ANSWER, "http://127.0.0.1:1/x", Content.EMPTY)),
            recipient="org:x",
            named=str,
            base_url="http://127.0.0.1:1",
            at=NOON,
        ),
    }

    def test_every_door_is_tried_here(self) -> None:
        assert set(_senders()) - {"adapters/outbound.py:Outbound"} == set(self.DOORS)

    @pytest.mark.parametrize("door", DOORS)
    @pytest.mark.parametrize("thing", UNSEALED, ids=lambda thing: type(thing).__name__)
    async def test_takes_nothing_but_what_is_sealed(self, door: str, thing: Any) -> None:
        with pytest.raises(TypeError):
            await self.DOORS[door]().send(thing, idempotency_key="0" * 36)

    @pytest.mark.parametrize("thing", UNSEALED, ids=lambda thing: type(thing).__name__)
    async def test_a_signal_is_told_and_nothing_else_by_that_way(self, thing: Any) -> None:
        """What is not sealed says that an answer is due or that we live; more would be a second way out."""
        hook = self.DOORS["adapters/subscriptions/rest_hook.py:RestHook"]()
        with pytest.raises(TypeError):
            await hook.tell(thing, idempotency_key="0" * 36)
        assert {each.name for each in fields(Signal)} == {"recipient", "kind", "question"}

    @pytest.mark.parametrize("door", DOORS)
    def test_keeps_the_promise_of_a_door(self, door: str) -> None:
        wanted = inspect.signature(Outbound.send).parameters
        assert list(inspect.signature(type(self.DOORS[door]()).send).parameters) == list(wanted)


class TestResponses:
    @pytest.mark.parametrize("thing", UNSEALED, ids=lambda thing: type(thing).__name__)
    def test_take_nothing_but_what_is_sealed_or_fixed(self, thing: Any) -> None:
        with pytest.raises(DepartureError):
            DisclosureResponse(thing, recipient="org:x", organizations={}, base_url="http://x")
        with pytest.raises(DepartureError):
            FixedResponse(thing)
        with pytest.raises(DepartureError):
            PartyResponse(thing, recipient="org:x")

    def test_nobody_else_makes_what_a_party_is_told(self) -> None:
        """A body of one's own behind a name that the fence lets through would be a way round the decision."""
        with pytest.raises(TypeError):
            PartyAnswer(object(), "org:x", "e", {})

    @pytest.mark.parametrize("stamp", [None, object(), True])
    def test_nobody_else_makes_a_departure(self, stamp: object) -> None:
        with pytest.raises(DepartureError):
            Departure(stamp, "x", 200, (), b"")

    def test_the_stamp_stays_in_three_modules(self) -> None:
        holding = {m.path for m in modules() for _, name in names(m) if name == "_STAMP"}
        assert holding == {"gateway/exit.py", "gateway/api/fixed.py", "gateway/api/responses.py"}


IMPORTED_BY: Final = {
    "gateway.disclosure.disclose": {
        "gateway/program.py",
        "gateway/sending.py",
        "gateway/answers.py",  # the answer to an own question, read again
        "gateway/telling.py",  # events, told again
        "gateway/pulling.py",
    },
    "gateway.disclosure.disclose_all": {"gateway/rounds.py"},
    "gateway.disclosure.refuse_stranger": {
        "gateway/program.py",
        "gateway/sending.py",
        "gateway/answers.py",
        "gateway/pulling.py",
    },
    "gateway.disclosure.propose": {"gateway/questions.py", "gateway/exchanges/offering.py", "gateway/legal.py"},
    "gateway.disclosure.propose_each": {"gateway/conference.py"},
    "gateway.disclosure.disclose_together": {"gateway/conference.py", "gateway/legal.py"},  # printed by a person
    "gateway.api.responses.DisclosureResponse": {"gateway/api/fhir.py", "gateway/api/answers.py"},
    "gateway.api.responses.PartyResponse": {"gateway/api/consents.py", "gateway/api/hooks.py"},
    "gateway.showing.told": {"gateway/consulting.py"},  # the scope of a consent, to a party, on the ledger
}
CALLED_BY: Final = {
    "deliveries.set_state": {"gateway/delivery.py"},  # every state is on the ledger
    "deliveries.set_states": {"gateway/delivery.py"},
    "accounting.append": {"gateway/ledger.py"},  # every entry has one form
    "accounting.append_all": {"gateway/ledger.py"},
    "accounting.add_seals": {"gateway/ledger.py"},
    "accounting.add_checkpoint": {"gateway/ledger.py"},
    "consents.add_stop": {"gateway/stopping.py"},  # which suppress what is queued
    "proposals.add": {"gateway/disclosure.py"},  # what waits has been cleared
    "proposals.add_all": {"gateway/proposing.py"},  # likewise, at the word of gateway.disclosure.propose_each
    "door.send": {"gateway/sending.py"},  # what leaves has passed the point
    # What is kept has been matched, or is the form that its participant has just signed.
    "inbound.keep": {"gateway/intake.py", "gateway/releasing.py"},
}


class TestOneOfEach:
    @pytest.mark.parametrize("name", IMPORTED_BY)
    def test_is_imported_where_it_should_be_and_nowhere_else(self, name: str) -> None:
        assert {m.path for m in modules() for _, imported in imports(m) if imported == name} == IMPORTED_BY[name]

    @pytest.mark.parametrize("name", CALLED_BY)
    def test_is_called_where_it_should_be_and_nowhere_else(self, name: str) -> None:
        calling = {m.path for m in modules() for _, called, _ in calls(m) if f".{called}".endswith(f".{name}")}
        assert calling == CALLED_BY[name]

    def test_nobody_outside_the_store_speaks_sql(self) -> None:
        """A statement of one's own would go round locks, seals and the ledger alike."""
        banned = {"exec_driver_sql", "get_raw_connection"}
        outside = [m for m in modules() if not m.path.startswith("gateway/store/")]
        found = [(m.path, line) for m in outside for line, name in names(m) if name in banned]
        found += [(m.path, line) for m in outside for line, name, _ in calls(m) if ".connection." in f".{name}"]
        assert found == []

    def test_stops_hold_the_version_alone(self) -> None:
        """Whoever records a stop, or a consent, has raised the version first: a release waits, and then sees it."""
        for path in CALLED_BY["consents.add_stop"]:
            module = next(m for m in modules() if m.path == path)
            assert "consents.lock_and_raise" in {name.partition(".")[2] for _, name, _ in calls(module)}
