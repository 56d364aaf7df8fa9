"""The constant answers to reads and searches, as gateway/api/fixed.py has them for everything else.

Blanks take values of a closed form only: types and parameters of mappings/fhir/search_table.py, rules of search_query,
names of parameters that are letters, organizations and staff as the site has them, references and moments of an asker's
own questions. INVARIANT: nothing here is about a participant.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import orjson
from fhir.resources.R4B.practitioner import Practitioner
from fhir.resources.R4B.practitionerrole import PractitionerRole

from consent.model import Organization
from gateway.api.fixed import _REFERENCE, BAD_REQUEST, NOT_FOUND, BlankError, _departure, _outcome
from gateway.exit import Departure
from mappings.fhir import codes, lead_codes
from mappings.fhir.asked import asked_task
from mappings.fhir.build import Json, checked, logical_id, stable_uuid
from mappings.fhir.organization import for_partners
from mappings.fhir.search_query import RESULT, Broken
from mappings.fhir.search_table import TYPES, parameters_of
from mappings.fhir.searchset import frame, passed_over
from mappings.fhir.searchset import nothing_found as empty_searchset

MOST_IGNORED: Final = 20

_S: Final = HTTPStatus
_NAME: Final = re.compile(r"[A-Za-z_:-]{1,64}", re.ASCII)

NOT_ACCEPTABLE: Final = _outcome(
    "not-acceptable", _S.NOT_ACCEPTABLE, "not-supported", "only `application/fhir+json` is served"
)
NO_PARTICIPANT: Final = _outcome(
    "no-participant",
    _S.BAD_REQUEST,
    "required",
    "a search names one participant by `patient`, or one resource by `_id`; for a Patient it describes the person",
)
NOT_A_FORM: Final = _outcome(
    "not-a-form",
    _S.UNSUPPORTED_MEDIA_TYPE,
    "not-supported",
    "`Content-Type` must be `application/x-www-form-urlencoded`",
)
TOO_MANY_PARAMETERS: Final = _outcome(
    "too-many-parameters", _S.BAD_REQUEST, "too-long", "the search has more parameters than are read"
)

NOT_A_BATCH: Final = _outcome(
    "not-a-batch", _S.BAD_REQUEST, "structure", "the body must be a Bundle of type `batch` or `transaction`"
)
TOO_MANY_ENTRIES: Final = _outcome(
    "too-many-entries", _S.REQUEST_ENTITY_TOO_LARGE, "too-long", "the Bundle has more entries than are taken"
)
NOT_SENT_SO: Final = _outcome(
    "not-sent-so", _S.BAD_REQUEST, "not-supported", "this cannot be done by an entry of a Bundle"
)
ASKED_ALONE: Final = _outcome(
    "asked-alone", _S.BAD_REQUEST, "not-supported", "an emergency is answered at once, so it is asked by itself"
)
NOT_IN_ONE_GO: Final = _outcome(
    "not-in-one-go", _S.BAD_REQUEST, "not-supported", "a transaction holds questions, or one thing that is filed"
)
NOT_A_CONDITION: Final = _outcome(
    "not-a-condition", _S.BAD_REQUEST, "value", "`If-None-Exist` must be `identifier=SYSTEM|VALUE`"
)

_RULES: Final = {rule.value: "not-supported" for rule in (Broken.MODIFIER, Broken.NOT_SERVED)}


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody at a partner whom others may ask for: no address, and nobody's case."""

    organization: str
    role: str
    name: str


def bad_parameter(kind: str, parameter: str, rule: Broken) -> Departure:
    """Name the parameter of a search and the rule that it breaks; outside the tables it is a bad request."""
    if parameter == "":
        return TOO_MANY_PARAMETERS
    if kind not in TYPES or parameter not in parameters_of(kind).keys() | RESULT:
        return BAD_REQUEST
    code = _RULES.get(rule.value, "value")
    return _outcome("bad-parameter", _S.BAD_REQUEST, code, f"`{parameter}` {rule.value}")


def unknown_parameters(names: Sequence[str], *, and_others: bool) -> Departure:
    """Refuse a search for what it asks beyond what is served (`Prefer: handling=strict`). Raises BlankError."""
    outcome = passed_over(_closed(names), and_others=and_others or len(names) > MOST_IGNORED)
    issues = [{**issue, "severity": "error"} for issue in outcome["issue"]]
    return _departure("unknown-parameters", _S.BAD_REQUEST, {**outcome, "issue": issues})


def ignored(names: Sequence[str], *, and_others: bool) -> Json | None:
    """Give the OperationOutcome that names what was passed over; None where nothing was. Raises BlankError."""
    if not names and not and_others:
        return None
    return passed_over(_closed(names), and_others=and_others or len(names) > MOST_IGNORED)


def _closed(names: Sequence[str]) -> list[str]:
    if not all(_NAME.fullmatch(name) for name in names):
        raise BlankError("`names` are out of form")
    return list(names[:MOST_IGNORED])


def nothing_found(kind: str, base_url: str, names: Sequence[str] = (), *, and_others: bool = False) -> Departure:
    """Give the searchset of everybody who finds nothing, for whatever reason. Raises BlankError."""
    if kind not in TYPES:
        raise BlankError("`kind` is no type that is served")
    outcome = ignored(names, and_others=and_others)
    return _departure("nothing-found", _S.OK, empty_searchset(kind, base_url, outcome))


def own_task(reference: str, received: datetime, due: datetime, *, is_over: bool) -> Departure:
    """Give an asker's own question back; once its time has come, with the address of its answer. Raises BlankError."""
    return _departure("own-task", _S.OK, _own_task(reference, received, due, is_over=is_over))


def _own_task(reference: str, received: datetime, due: datetime, *, is_over: bool) -> Json:
    if not _REFERENCE.fullmatch(reference) or received.utcoffset() is None or due.utcoffset() is None:
        raise BlankError("`reference`, `received` or `due` is out of form")
    return asked_task(reference, received, due, done=is_over)


Fits = Callable[[Mapping[str, Any]], bool]


def own_tasks(
    asked: Iterable[tuple[str, datetime, datetime, bool]], base_url: str, fits: Fits, outcome: Json | None, count: int
) -> Departure:
    """Give an asker's own questions, as (reference, received, due, is over), those that fit. Raises BlankError."""
    found = [_own_task(one, received, due, is_over=over) for one, received, due, over in asked]
    return _listed("own-tasks", "Task", [one for one in found if fits(one)][:count], base_url, outcome)


def _listed(source: str, kind: str, found: Sequence[Json], base_url: str, outcome: Json | None) -> Departure:
    entries: list[Json] = [
        {"fullUrl": f"{base_url}/fhir/{kind}/{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in found
    ]
    entries += [{"resource": outcome, "search": {"mode": "outcome"}}] if outcome else []
    return _departure(source, _S.OK, frame(kind, base_url) | ({"entry": entries} if entries else {}))


class Directory:
    """Who the partners are. Made of the site's own registry, and of nothing that came in with a request."""

    def __init__(self, organizations: Iterable[Organization], staff: Iterable[StaffMember]) -> None:
        known = {one.id: one for one in organizations}
        people = [one for one in staff if one.organization in known]
        self._kinds: dict[str, list[Json]] = {
            "Organization": [for_partners(one) for _, one in sorted(known.items())],
            "Practitioner": list({one["id"]: one for one in map(_practitioner, people)}.values()),
            "PractitionerRole": [_role(one) for one in people],
        }

    def search(self, kind: str, base_url: str, fits: Fits, outcome: Json | None, count: int) -> Departure:
        """List the entries of a kind that fit, `count` at most; `outcome`: of `ignored`. Raises KeyError."""
        return _listed("directory", kind, [one for one in self._kinds[kind] if fits(one)][:count], base_url, outcome)

    def read(self, kind: str, identity: str) -> Departure:
        """Give one entry. Raises KeyError for another kind."""
        found = next((one for one in self._kinds[kind] if one["id"] == identity), None)
        return NOT_FOUND if found is None else _departure("directory", _S.OK, found)


def _practitioner(member: StaffMember) -> Json:
    return checked(
        Practitioner, {"resourceType": "Practitioner", "id": _person_id(member), "name": [{"text": member.name}]}
    )


def _role(member: StaffMember) -> Json:
    role = {
        "resourceType": "PractitionerRole",
        "id": stable_uuid("role", member.organization, member.role, member.name),
        "practitioner": {"reference": f"Practitioner/{_person_id(member)}", "display": member.name},
        "organization": {"reference": f"Organization/{logical_id('Organization', member.organization)}"},
        "code": [{"coding": [codes.coding(lead_codes.STAFF_ROLE, "as-named")], "text": member.role}],
    }
    return checked(PractitionerRole, role)


def _person_id(member: StaffMember) -> str:
    return stable_uuid("practitioner", member.organization, member.name)


def batch_response(kind: str, answers: Sequence[Departure]) -> Departure:
    """Answer a batch or a transaction: each entry with the constant that it would have got alone. Raises BlankError."""
    if kind not in {"batch", "transaction"} or not all(isinstance(one.source, str) for one in answers):
        raise BlankError("a batch is answered by constants alone")
    entries = [_answered(one) for one in answers]
    found = {"resourceType": "Bundle", "type": f"{kind}-response"} | ({"entry": entries} if entries else {})
    return _departure(f"{kind}-response", _S.OK, found)


def _answered(answer: Departure) -> Json:
    said = orjson.loads(answer.body)
    response: Json = {"status": f"{answer.status} {HTTPStatus(answer.status).phrase}"}
    if said.get("resourceType") == "OperationOutcome":
        return {"response": response | {"outcome": said}}
    return {"resource": said, "response": response}
