"""The last fence, attacked: whatever an application does on a partner route, only departures get through it."""

import asyncio
import logging
from dataclasses import replace
from typing import Annotated

import httpx2
import pytest
from fastapi import BackgroundTasks, Body, FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from gateway.api import errors, fixed, install
from gateway.api.responses import DisclosureResponse, FixedResponse
from gateway.exit import SLIP, Departure, DepartureError, ExitFence, Slip, mark
from tests.gateway.api.factory import CANARY, disclosure, neutral
from tests.gateway.api.fake import FakeGateway

ORGANIZATIONS = FakeGateway().organizations


class Form(BaseModel):
    age: int


class LeakError(Exception):
    pass


def bare_app(*, fenced: bool = True) -> FastAPI:
    """An application whose author knows nothing of fences."""
    app = FastAPI(debug=True)
    if fenced:
        build = app.build_middleware_stack
        app.build_middleware_stack = lambda: ExitFence(build(), otherwise=fixed.SERVER_ERROR)
    return app


async def call(app, method: str = "GET", path: str = "/fhir/leak", **sent) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gateway.test") as http:
        return await http.request(method, path, **sent)


def is_constant(answer: httpx2.Response, constant: Departure = fixed.SERVER_ERROR) -> bool:
    assert CANARY not in answer.text + str(answer.headers)
    assert [(name.lower(), value) for name, value in answer.headers.raw] == list(constant.headers)
    return (answer.status_code, answer.content) == (constant.status, constant.body)


def bundle_response() -> DisclosureResponse:
    return DisclosureResponse(
        disclosure(), recipient="hospital", organizations=ORGANIZATIONS, base_url="https://g.test"
    )


LEAKS = {
    "a value": lambda: {"name": CANARY},
    "json": lambda: JSONResponse({"name": CANARY}, headers={"X-Name": CANARY}),
    "html": lambda: HTMLResponse(CANARY),
    "text with a cookie": lambda: PlainTextResponse("", headers={"Set-Cookie": f"name={CANARY}"}),
    "nothing": lambda: Response(status_code=204, headers={"X-Name": CANARY}),
    "redirect": lambda: RedirectResponse(f"/fhir/{CANARY}"),
    "file": lambda: FileResponse(__file__, headers={"X-Name": CANARY}),
    "stream": lambda: StreamingResponse(iter([CANARY.encode()] * 3)),
    "the bytes of a constant": lambda: Response(fixed.NOT_FOUND.body, 404, {"X-Name": CANARY}, "application/fhir+json"),
}

RAISES = {
    "http": HTTPException(404, CANARY, {"X-Name": CANARY}),
    "http 200": HTTPException(200, CANARY),
    "http 401": HTTPException(401, CANARY, {"WWW-Authenticate": CANARY}),
    "own": LeakError(CANARY),
    "value": ValueError(CANARY),
    "group": ExceptionGroup(CANARY, [ValueError(CANARY)]),
}


class TestUnmarkedNeverPasses:
    @pytest.mark.parametrize("make", LEAKS.values(), ids=LEAKS.keys())
    async def test_returned(self, make):
        app = bare_app()
        app.add_api_route("/fhir/leak", make, methods=["GET"], response_model=None)
        assert is_constant(await call(app))

    @pytest.mark.parametrize("error", RAISES.values(), ids=RAISES.keys())
    async def test_raised(self, error, caplog, capsys):
        def leak() -> None:
            raise error

        app = bare_app()
        app.add_api_route("/fhir/leak", leak, methods=["GET"], response_model=None)
        with caplog.at_level(logging.DEBUG):
            assert is_constant(await call(app))
        assert CANARY not in caplog.text + "".join(capsys.readouterr())

    async def test_an_exception_handler_that_talks(self):
        def leak() -> None:
            raise LeakError

        app = bare_app()
        app.add_exception_handler(LeakError, lambda request, error: JSONResponse({"why": CANARY}))
        app.add_api_route("/fhir/leak", leak, methods=["GET"], response_model=None)
        assert is_constant(await call(app))

    async def test_validation_echoes_the_input(self):
        app = bare_app()

        @app.post("/fhir/leak")
        def form(form: Annotated[Form, Body()]) -> None:
            pass

        answer = await call(app, "POST", json={"age": CANARY})
        assert is_constant(answer)

    @pytest.mark.parametrize("path", ["/fhir", "/fhir/", f"/fhir/{CANARY}", "/oauth/x", "/cds-services", "/inbound/x"])
    async def test_not_found(self, path):
        assert is_constant(await call(bare_app(), path=path))

    @pytest.mark.parametrize("method", ["POST", "DELETE", "HEAD", "OPTIONS", "TRACE"])
    async def test_method_not_allowed(self, method):
        app = bare_app()
        app.add_api_route("/fhir/leak", lambda: CANARY, methods=["GET"])
        answer = await call(app, method)
        assert answer.status_code == 500
        assert CANARY not in answer.text + str(answer.headers)

    async def test_middleware_that_answers_itself(self):
        app = bare_app()

        @app.middleware("http")
        async def talk(request, call_next):
            return PlainTextResponse(CANARY)

        assert is_constant(await call(app))

    async def test_a_mounted_application(self):
        inner = FastAPI()
        inner.add_api_route("/leak", lambda: CANARY, methods=["GET"])
        app = bare_app()
        app.mount("/fhir", inner)
        assert is_constant(await call(app))

    async def test_behind_a_root_path(self):
        app = bare_app()
        app.root_path = "/behind"
        app.add_api_route("/fhir/leak", lambda: CANARY, methods=["GET"])
        assert is_constant(await call(app, path="/behind/fhir/leak"))
        assert is_constant(await call(app, path="/fhir/leak"))

    async def test_an_endless_stream_is_stopped(self):
        written = 0

        async def endless():
            nonlocal written
            while True:
                written += 1
                yield b"x"

        app = bare_app()
        app.add_api_route("/fhir/leak", lambda: StreamingResponse(endless()), methods=["GET"], response_model=None)
        assert is_constant(await asyncio.wait_for(call(app), 5))
        assert written < 10

    async def test_an_application_that_says_nothing(self):
        async def silent(scope, receive, send):
            pass

        assert is_constant(await call(ExitFence(silent, otherwise=fixed.SERVER_ERROR)))

    @pytest.mark.parametrize("kind", ["http.response.pathsend", "http.response.push", "http.response.debug"])
    async def test_extensions_of_asgi(self, kind):
        async def odd(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": kind, "path": __file__, "headers": [], "info": CANARY})

        assert is_constant(await call(ExitFence(odd, otherwise=fixed.SERVER_ERROR)))


class TestMarkedButDifferent:
    """A mark alone opens nothing: status and bytes must be the departure's own."""

    @pytest.mark.parametrize("sealed", [True, False])
    @pytest.mark.parametrize(("status", "body"), [(200, CANARY), (500, None), (200, "")])
    async def test_other_bytes_or_status_after_marking(self, sealed, status, body):
        departure = bundle_response()._departure if sealed else fixed.smart("https://g.test")

        async def liar(scope, receive, send):
            mark(scope, departure)
            sent = departure.body if body is None else body.encode()
            await Response(sent, status)(scope, receive, send)

        assert is_constant(await call(ExitFence(liar, otherwise=fixed.SERVER_ERROR)))

    async def test_more_than_the_departure(self):
        async def liar(scope, receive, send):
            mark(scope, fixed.NOT_FOUND)
            parts = [fixed.NOT_FOUND.body, CANARY.encode()]
            await StreamingResponse(iter(parts), 404)(scope, receive, send)

        assert is_constant(await call(ExitFence(liar, otherwise=fixed.SERVER_ERROR)))

    async def test_an_endless_stream_is_stopped(self):
        written = 0

        async def endless():
            nonlocal written
            while True:
                written += 1
                yield fixed.NOT_FOUND.body

        async def liar(scope, receive, send):
            mark(scope, fixed.NOT_FOUND)
            await StreamingResponse(endless(), 404)(scope, receive, send)

        assert is_constant(await asyncio.wait_for(call(ExitFence(liar, otherwise=fixed.SERVER_ERROR)), 5))
        assert written < 10

    async def test_added_headers_are_dropped(self):
        app = bare_app()

        @app.middleware("http")
        async def adorn(request, call_next):
            answer = await call_next(request)
            answer.headers["X-Name"] = CANARY
            return answer

        app.add_api_route("/fhir/leak", lambda: FixedResponse(fixed.NOT_FOUND), methods=["GET"], response_model=None)
        assert is_constant(await call(app), fixed.NOT_FOUND)

    async def test_raising_after_marking(self):
        async def raiser(scope, receive, send):
            mark(scope, bundle_response()._departure)
            raise LeakError(CANARY)

        assert is_constant(await call(ExitFence(raiser, otherwise=fixed.SERVER_ERROR)))

    async def test_two_answers(self):
        async def twice(scope, receive, send):
            await FixedResponse(fixed.NOT_FOUND)(scope, receive, send)
            await PlainTextResponse(CANARY)(scope, receive, send)

        assert is_constant(await call(ExitFence(twice, otherwise=fixed.SERVER_ERROR)), fixed.NOT_FOUND)

    async def test_a_slip_from_the_outside_is_not_believed(self):
        async def app(scope, receive, send):
            await Response(fixed.NOT_FOUND.body, 404)(scope, receive, send)

        forged = Slip()
        forged.departure = fixed.NOT_FOUND
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/fhir/x", "headers": [], SLIP: forged}
        await ExitFence(app, otherwise=fixed.SERVER_ERROR)(scope, None, send)
        assert sent[0]["status"] == 500


class TestForgery:
    def test_departures_are_sealed(self):
        with pytest.raises(DepartureError):
            Departure(object(), "x", 200, (), b"")
        with pytest.raises(DepartureError):
            replace(fixed.NOT_FOUND, stamp=None, body=b"x")
        with pytest.raises(ValueError, match="stamp"):
            replace(fixed.NOT_FOUND, body=b"x")

    def test_a_departure_is_frozen(self):
        with pytest.raises(AttributeError):
            fixed.NOT_FOUND.body = b"x"

    @pytest.mark.parametrize("not_sealed", [None, {"resourceType": "Bundle"}, b"{}", "x", fixed.NOT_FOUND])
    def test_a_disclosure_response_takes_sealed_values_only(self, not_sealed):
        with pytest.raises(DepartureError):
            DisclosureResponse(not_sealed, recipient="hospital", organizations=ORGANIZATIONS, base_url="https://g.test")

    def test_a_disclosure_response_is_for_its_recipient_only(self):
        for sealed in (disclosure("hospital"), neutral("hospital")):
            with pytest.raises(DepartureError):
                DisclosureResponse(sealed, recipient="jail", organizations=ORGANIZATIONS, base_url="https://g.test")

    @pytest.mark.parametrize("not_constant", [None, b"{}", "x", {"a": 1}])
    def test_a_fixed_response_takes_constants_only(self, not_constant):
        with pytest.raises(DepartureError):
            FixedResponse(not_constant)

    def test_a_fixed_response_takes_no_rendered_disclosure(self):
        with pytest.raises(DepartureError):
            FixedResponse(bundle_response()._departure)

    async def test_without_a_fence_nothing_leaves(self):
        app = bare_app(fenced=False)
        app.add_api_route("/fhir/leak", bundle_response, methods=["GET"], response_model=None)
        with pytest.raises(DepartureError):
            await call(app)


class TestWebSocket:
    async def test_a_partner_route_is_closed_unopened(self):
        sent = []

        async def never(scope, receive, send):
            raise AssertionError("the application was reached")

        async def send(message):
            sent.append(message)

        scope = {"type": "websocket", "path": "/fhir/leak", "headers": []}
        await ExitFence(never, otherwise=fixed.SERVER_ERROR)(scope, None, send)
        assert sent == [{"type": "websocket.close", "code": 1008}]


class TestPasses:
    async def test_a_constant(self):
        app = bare_app()
        app.add_api_route("/fhir/leak", lambda: FixedResponse(fixed.NOT_FOUND), methods=["GET"], response_model=None)
        assert is_constant(await call(app), fixed.NOT_FOUND)

    async def test_a_disclosure(self):
        app = bare_app()
        app.add_api_route("/fhir/leak", bundle_response, methods=["GET"], response_model=None)
        answer = await call(app)
        assert (answer.status_code, answer.content) == (200, bundle_response().body)
        assert CANARY in answer.text

    async def test_a_failing_background_task_changes_nothing_and_is_not_told(self, caplog):
        def later() -> None:
            raise LeakError(CANARY)

        app = bare_app()

        @app.get("/fhir/leak", response_model=None)
        def now(tasks: BackgroundTasks) -> FixedResponse:
            tasks.add_task(later)
            return FixedResponse(fixed.NOT_FOUND)

        assert is_constant(await call(app), fixed.NOT_FOUND)
        assert CANARY not in caplog.text

    async def test_the_answer_does_not_wait_for_background_tasks(self):
        order = []

        async def app(scope, receive, send):
            await FixedResponse(fixed.NOT_FOUND)(scope, receive, send)
            order.append("task")

        async def send(message):
            order.append(message["type"])

        scope = {"type": "http", "method": "GET", "path": "/fhir/x", "headers": []}
        await ExitFence(app, otherwise=fixed.SERVER_ERROR)(scope, None, send)
        assert order == ["http.response.start", "http.response.body", "task"]


class TestOtherRoutes:
    async def test_they_pass_unchanged(self):
        app = bare_app()
        app.add_api_route("/console/x", lambda: PlainTextResponse("hello", headers={"X-A": "b"}), response_model=None)
        answer = await call(app, path="/console/x")
        assert (answer.status_code, answer.text, answer.headers["x-a"]) == (200, "hello", "b")

    @pytest.mark.parametrize("path", ["/fhirish", "/console/fhir/x", "/FHIR/x"])
    async def test_a_prefix_is_a_whole_segment(self, path):
        assert (await call(bare_app(), path=path)).status_code == 404

    async def test_an_exception_is_not_handed_to_the_server(self, caplog, capsys):
        async def raiser(scope, receive, send):
            raise LeakError(CANARY)

        answer = await call(ExitFence(raiser, otherwise=fixed.SERVER_ERROR), path="/console/x")
        assert (answer.status_code, answer.content) == (500, b"")
        assert CANARY not in caplog.text + "".join(capsys.readouterr())

    async def test_lifespan_passes(self):
        seen = []

        async def app(scope, receive, send):
            seen.append(scope["type"])

        await ExitFence(app, otherwise=fixed.SERVER_ERROR)({"type": "lifespan"}, None, None)
        assert seen == ["lifespan"]


class TestInstalled:
    """`install` puts the fence outside everything, whatever is added to the application later."""

    async def test_routes_handlers_and_middleware_added_later_stay_inside(self):
        app = FastAPI()
        install(app, FakeGateway())

        @app.middleware("http")
        async def talk(request, call_next):
            return PlainTextResponse(CANARY) if request.url.path == "/oauth/leak" else await call_next(request)

        app.add_api_route("/inbound/leak", lambda: CANARY)
        assert is_constant(await call(app, path="/inbound/leak"))
        assert is_constant(await call(app, path="/oauth/leak"))

    async def test_validation_on_a_partner_route_is_a_constant(self):
        app = FastAPI()
        install(app, FakeGateway())

        @app.post("/revoke/form")
        def form(form: Annotated[Form, Body()]) -> None:
            pass

        assert is_constant(await call(app, "POST", "/revoke/form", json={"age": CANARY}), fixed.UNPROCESSABLE)

    async def test_other_routes_keep_the_errors_of_the_framework(self):
        app = FastAPI()
        install(app, FakeGateway())
        answer = await call(app, path="/console/nowhere")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})

    def test_errors_are_caught_for_every_kind(self):
        app = FastAPI()
        before = set(app.exception_handlers)
        errors.catch(app)
        assert {HTTPException, Exception} <= set(app.exception_handlers) >= before
