"""The statement and the scope on whatever carries a record: a resource, a searchset, a transaction (42 CFR 2.32).

A document Bundle has them in its Composition (bundle.py). INVARIANT: the statement travels whole and unchanged; its
text is never cut, wrapped or normalised here. Our extension is `EXTENSION` + `part2-notice` with the parts `version`,
`cite` (repeated), `statement` and, where a consent is the basis, `scope` (all string).
"""

import base64
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.documentreference import DocumentReference
from fhir.resources.R4B.operationoutcome import OperationOutcome

from consent.disclosure import Notice
from consent.notices import NOTICES
from mappings.fhir import codes, extensions
from mappings.fhir.build import BuildError, Json, UnreadableResourceError, checked, read_list, stable_uuid
from mappings.fhir.extensions import parts_of, read_extension_text
from mappings.lead.notice_blocks import SCOPE_TITLE, STATEMENT_TITLE

NAME: Final = "part2-notice"

_URL: Final = codes.EXTENSION + NAME
_NO_EXTENSIONS: Final = frozenset({"Bundle", "Binary", "Parameters"})  # no DomainResource: R4 gives them no extension
_PLAIN: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class CarriedNotice:
    """What a carrier says: the version of the statement, its text, and the scope where there is one."""

    version: str
    statement: str
    scope: str | None


def on_resource(resource: Mapping[str, Any], notice: Notice, scope: str | None) -> Json:
    """Return a copy of the resource that carries statement and scope in an extension; nothing else is changed.

    Raises BuildError for a resource that can hold no extension, or that carries a notice of ours already.
    """
    if resource.get("resourceType") in _NO_EXTENSIONS or not resource.get("resourceType"):
        raise BuildError("a notice on something that can hold no extension")
    present = list(resource.get("extension", ()))
    if any(isinstance(one, Mapping) and one.get("url") == _URL for one in present):
        raise BuildError("a notice on something that carries one")
    found = copy.deepcopy(dict(resource))
    return found | {"extension": [*copy.deepcopy(present), _extension(notice, scope)]}


def _extension(notice: Notice, scope: str | None) -> Json:
    return extensions.whole(
        NAME,
        [
            extensions.text("version", notice.version, part=True),
            *(extensions.text("cite", cite, part=True) for cite in notice.cites),
            extensions.text("statement", notice.text, part=True),
            *extensions.optional("scope", scope or None, part=True),
        ],
    )


def read_notice(resource: Mapping[str, Any]) -> CarriedNotice | None:
    """Read the notice that a resource carries; None where it carries none.

    Raises UnreadableResourceError where there are two, or where the statement is not the frozen text of its version.
    """
    present = read_list(resource.get("extension"), "extension")
    ours = [one for one in present if isinstance(one, dict) and one.get("url") == _URL]
    if len(ours) > 1:
        raise UnreadableResourceError(f"extension[{NAME}]", "must not be repeated")
    return _read_extension(ours[0]) if ours else None


def _read_extension(found: Json) -> CarriedNotice:
    parts = parts_of(found, f"extension[{NAME}]")
    version, statement = parts.required("version"), parts.required("statement")
    cites = tuple(read_extension_text(one, f"extension[{NAME}]") for one in parts.all("cite"))
    known = NOTICES.get(version)
    if known is None or (statement, cites) != (known.text, known.cites):
        raise UnreadableResourceError(f"extension[{NAME}]", "must be a statement that is known here, word for word")
    carried = CarriedNotice(version, statement, parts.text("scope"))
    parts.done()
    return carried


def on_searchset(bundle: Mapping[str, Any], notice: Notice, scope: str | None) -> Json:
    """Return a copy of a searchset with an OperationOutcome in front (search.mode outcome); `total` does not count it.

    Each page is a searchset of its own. One in which nothing is found comes back as it was: a notice would tell that
    there is something to protect (GR-03). Raises BuildError for a Bundle of another type.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        raise BuildError("a notice for a searchset on something else")
    found = copy.deepcopy(dict(bundle))
    entries = found.get("entry", [])
    if all(one.get("search", {}).get("mode") == "outcome" for one in entries):
        return found
    outcome = checked(OperationOutcome, {"resourceType": "OperationOutcome", "issue": _issues(notice, scope)})
    return checked(Bundle, found | {"entry": [{"resource": outcome, "search": {"mode": "outcome"}}, *entries]})


def _issues(notice: Notice, scope: str | None) -> list[Json]:
    said = [(notice.version, notice.text), *([("scope", scope)] if scope else [])]
    return [
        {
            "severity": "information",
            "code": "informational",
            "details": {"coding": [codes.coding(codes.DOCUMENT, code)], "text": text},
        }
        for code, text in said
    ]


def on_transaction(bundle: Mapping[str, Any], notice: Notice, scope: str | None, *, patient: str | None = None) -> Json:
    """Return a copy of a transaction with a DocumentReference in front that holds statement and scope, each whole.

    It points at every resource that the transaction writes. `patient`: a reference to the Patient under whom the
    recipient files it, a fullUrl of the transaction say. A batch is refused: its entries are accepted one by one, so
    the record could arrive without its notice. Raises BuildError for another Bundle, and for one that writes nothing.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        raise BuildError("a notice for a transaction on something else")
    found = copy.deepcopy(dict(bundle))
    urls = [one["fullUrl"] for one in found.get("entry", []) if "resource" in one and one.get("fullUrl")]
    if not urls or len(urls) != len(found["entry"]):
        raise BuildError("a notice for a transaction in which an entry has no resource with a fullUrl")
    uuid = stable_uuid(NAME, notice.version, *urls)
    entry = {
        "fullUrl": f"urn:uuid:{uuid}",
        "resource": _document(notice, scope, urls) | ({"subject": {"reference": patient}} if patient else {}),
        "request": {"method": "POST", "url": "DocumentReference"},
    }
    return checked(Bundle, found | {"entry": [entry, *found["entry"]]})


def _document(notice: Notice, scope: str | None, urls: list[str]) -> Json:
    said = [(STATEMENT_TITLE, notice.text), *([(SCOPE_TITLE, scope)] if scope else [])]
    return checked(
        DocumentReference,
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "type": codes.concept(codes.DOCUMENT, "notice"),
            "description": notice.version,
            "content": [{"attachment": _attachment(title, text)} for title, text in said],
            "context": {"related": [{"reference": url} for url in urls]},
        },
    )


def _attachment(title: str, text: str) -> Json:
    return {"contentType": _PLAIN, "title": title, "data": base64.b64encode(text.encode()).decode()}
