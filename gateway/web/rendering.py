"""Pages: templates of our own, everything in them escaped, and the headers that keep a browser from doing more."""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.web import words
from gateway.web.navigation import places_for
from gateway.web.sessions import Visit

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def _version(name: str) -> str:
    """Give the address of a file that changes whenever the file does, so that browsers may keep it for good."""
    return f"/console/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:16]}"


def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["static"] = {each.name: _version(each.name) for each in sorted(STATIC.iterdir()) if each.is_file()}
    found.filters["day"] = words.day
    found.filters["moment"] = words.moment
    found.filters["words"] = words.plain
    return found


_TEMPLATES: Final = _environment()


def render(template: str, **context: Any) -> str:
    """Fill in a template; a name that is missing is an error, never an empty place."""
    return _TEMPLATES.get_template(template).render(**context)


def page(
    request: Request, template: str, visit: Visit, *, status: HTTPStatus = HTTPStatus.OK, **context: Any
) -> HTMLResponse:
    """Give a page to somebody who is signed in, with the frame around it that their roles allow."""
    frame = {
        "visit": visit,
        "form": visit.form,
        "places": places_for(visit.roles),
        "here": request.url.path,
        "partial": request.headers.get("HX-Request") == "true" and "HX-Boosted" not in request.headers,
    }
    return HTMLResponse(render(template, **frame, **context), status_code=status, headers=dict(HEADERS))


def plain_page(template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: Any) -> HTMLResponse:
    """Give a page to somebody who is not signed in."""
    return HTMLResponse(render(template, **context), status_code=status, headers=dict(HEADERS))


def see_other(request: Request, address: str) -> Response:
    """Send the browser to another page after a form: by its own means, or by htmx's."""
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=HTTPStatus.OK, headers={**HEADERS, "HX-Redirect": address})
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER, headers=dict(HEADERS))


def download(content: bytes, name: str, media: str) -> Response:
    """Give a file to keep; `name` is made of words of ours, never of a person's."""
    kept = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=kept)


class Static(StaticFiles):
    """Our own files. An address with a version may be kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Give a file, with how long it may be kept."""
        found = await super().get_response(path, scope)
        kept = "public, max-age=31536000, immutable" if b"v=" in scope.get("query_string", b"") else "no-cache"
        found.headers["Cache-Control"] = kept
        found.headers["X-Content-Type-Options"] = "nosniff"
        return found
