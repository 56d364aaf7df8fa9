"""The matrix: what each partner route is asked about somebody; and which routes are about nobody, and why."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from consent.codes import Purpose
from consent.model import Person
from gateway.api import ROUTERS
from gateway.api.resources import PULLED
from mappings.fhir.question import About, Question
from mappings.fhir.subscription import BACKPORT, Topic
from mappings.fhir.task import question_task
from tests.gateway.api.consents.stage import consent, filing, hook, recording, revoking

FHIR: Final = "application/fhir+json"
FORM: Final = "application/x-www-form-urlencoded"
STRANGER_STEM: Final = "stranger"


@dataclass(frozen=True)
class Somebody:
    """Whom a request is about: the public id, what describes them, and the ids of what is on record."""

    stem: str
    patient: str
    items: Mapping[str, str] = field(default_factory=dict)
    consent: str | None = None

    @property
    def sid(self) -> str:
        return f"WA7{self.stem.upper()}01"

    def item(self, kind: str) -> str:
        return self.patient if kind == "Patient" else self.items.get(kind, self.patient)

    def question(self, purpose: Purpose = Purpose.CARE_COORDINATION) -> Question:
        about = About(("Testina",), self.stem.title(), date(1990, 4, 1), (("sid", self.sid),))
        return Question(purpose, Person("Lee Birch", "liaison-prosecutor"), about, attested=True)


@dataclass(frozen=True)
class Call:
    """One request: its path below the host, and for a POST its body."""

    path: str
    body: bytes | None = None
    kind: str = FHIR


Make = Callable[[Somebody], Call]


@dataclass(frozen=True)
class Row:
    """How a route is asked about somebody, and the status of everybody who may not be told (0: its kind's)."""

    method: str
    route: str
    make: Make
    status: int
    variant: str = ""

    @property
    def name(self) -> str:
        return f"{self.method} {self.route} {self.variant}".strip()


def _json(path: str, make: Callable[[Somebody], Any], kind: str = FHIR) -> Make:
    return lambda who: Call(path, orjson.dumps(make(who)), kind)


def _criteria(kind: str, who: Somebody) -> dict[str, str]:
    if kind == "Patient":
        return {"identifier": f"sid|{who.sid}", "birthdate": "1990-04-01", "family": who.stem.title()}
    return {"patient": who.patient}


def _of_type(kind: str) -> Iterator[Row]:
    def searched(who: Somebody) -> Call:
        return Call(f"/fhir/{kind}?{urlencode(_criteria(kind, who))}")

    def by_form(who: Somebody) -> Call:
        return Call(f"/fhir/{kind}/_search", urlencode(_criteria(kind, who)).encode(), FORM)

    def by_id(who: Somebody) -> Call:
        return Call(f"/fhir/{kind}?_id={who.item(kind)}")

    def read(who: Somebody) -> Call:
        return Call(f"/fhir/{kind}/{who.item(kind)}")

    for method in ("GET", "HEAD"):
        yield Row(method, f"/fhir/{kind}", searched, 200)
        yield Row(method, f"/fhir/{kind}/{{identity}}", read, 404)
    yield Row("GET", f"/fhir/{kind}", by_id, 200, "by id")
    yield Row("POST", f"/fhir/{kind}/_search", by_form, 200)


def _task(who: Somebody) -> Any:
    return question_task(who.question())


def _emergency(who: Somebody) -> Any:
    return question_task(who.question(Purpose.EMERGENCY))


def _batch(who: Somebody) -> Any:
    entry = {"resource": _task(who), "request": {"method": "POST", "url": "Task"}}
    return {"resourceType": "Bundle", "type": "batch", "entry": [entry]}


def _subscription(who: Somebody) -> Any:
    content = {"extension": [{"url": f"{BACKPORT}backport-payload-content", "valueCode": "id-only"}]}
    criteria = {"url": f"{BACKPORT}backport-filter-criteria", "valueString": f"patient=Patient/{who.patient}"}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "to be told",
        "criteria": Topic.CUSTODY.value,
        "_criteria": {"extension": [criteria]},
        "channel": {
            "type": "rest-hook",
            "endpoint": "https://hooks.example.org/lead",
            "payload": FHIR,
            "_payload": content,
        },
    }


def _consent_form(who: Somebody) -> dict[str, str]:
    return {"patient": who.patient, "status": "active"}


CONSENT_READS: Final = (
    Row("GET", "/fhir/Consent", lambda who: Call(f"/fhir/Consent?{urlencode(_consent_form(who))}"), 200),
    Row("HEAD", "/fhir/Consent", lambda who: Call(f"/fhir/Consent?{urlencode(_consent_form(who))}"), 200),
    Row(
        "GET",
        "/fhir/Consent",
        lambda who: Call(f"/fhir/Consent?patient.identifier={quote('sid|' + who.sid)}&status=active"),
        200,
        "by identifier",
    ),
    Row(
        "POST",
        "/fhir/Consent/_search",
        lambda who: Call("/fhir/Consent/_search", urlencode(_consent_form(who)).encode(), FORM),
        200,
    ),
    Row("GET", "/fhir/Consent/{identity}", lambda who: Call(f"/fhir/Consent/{who.consent or who.patient}"), 404),
    Row("HEAD", "/fhir/Consent/{identity}", lambda who: Call(f"/fhir/Consent/{who.consent or who.patient}"), 404),
)
"""A party to a consent is no stranger to it: these are asked by who is none (tests/gateway/api/consents)."""

CONSULT: Final = "/cds-services/patient-consent-consult"


def consultation(actor: str) -> Row:
    """May `actor` receive: asked by itself."""
    return Row("POST", CONSULT, _json(CONSULT, lambda who: hook(actor, sid=who.sid), "application/json"), 200)


READS: Final = (
    *(row for kind in PULLED for row in _of_type(kind)),
    Row("GET", "/fhir/Bundle/{identity}", lambda who: Call(f"/fhir/Bundle/{who.patient}"), 404),
    Row("POST", "/fhir/Task", _json("/fhir/Task", _task), 202),
    Row("POST", "/fhir/Task", _json("/fhir/Task", _emergency), 200, "emergency"),
    Row("POST", "/fhir", _json("/fhir", _batch), 200),
    Row("POST", "/fhir/", _json("/fhir/", _batch), 200),
    Row("POST", "/fhir/Subscription", _json("/fhir/Subscription", _subscription), 0),
)

_NAMED: Final = {"reference": "Consent/0190f3a0-0000-7000-8000-00000000c0de"}
FILINGS: Final = (
    Row("POST", "/fhir/Consent", _json("/fhir/Consent", lambda who: consent("matrix", who.sid)), 200),
    *(
        Row("POST", path, _json(path, make), 200)
        for paths, make in (
            (
                ("/fhir/Consent/$fileConsent", "/fhir/Consent/$file-consent"),
                lambda who: filing(consent("matrix", who.sid)),
            ),
            (
                ("/fhir/AuditEvent/$recordDisclosure", "/fhir/AuditEvent/$record-disclosure"),
                lambda who: recording(_NAMED, who.sid),
            ),
            (
                ("/fhir/Consent/$revokeConsent", "/fhir/Consent/$revoke-consent"),
                lambda who: revoking(_NAMED, who.sid),
            ),
        )
        for path in paths
    ),
)
"""These change what is on record, so they are asked last, and the revocation last of all."""

_NOBODY: Final = "nobody is named"
_OWN: Final = "an own subscription: it shows what its owner has said; its events: tests/gateway/telling"
_REGISTRY: Final = "who the partners are: nobody else is in it"
EXCEPTIONS: Final[Mapping[str, str]] = {
    "POST /oauth/token": "who comes in; every failed authentication is one answer: test_oauth.py",
    "GET /cds-services": _NOBODY,
    "GET /openapi.json": _NOBODY,
    "GET /fhir/.well-known/smart-configuration": _NOBODY,
    "GET /fhir/metadata": _NOBODY,
    "POST /fhir/$attest": "a promise for a session names no participant",
    **{
        f"{method} /fhir/{kind}{rest}": _REGISTRY
        for kind in ("Organization", "Practitioner", "PractitionerRole")
        for method, rest in (
            ("GET", ""),
            ("HEAD", ""),
            ("POST", "/_search"),
            ("GET", "/{identity}"),
            ("HEAD", "/{identity}"),
        )
    },
    "GET /fhir/Subscription": _OWN,
    "GET /fhir/Subscription/{identity}": _OWN,
    "DELETE /fhir/Subscription/{identity}": _OWN,
    "GET /fhir/Subscription/{identity}/$status": _OWN,
    "GET /fhir/Subscription/{identity}/$events": _OWN,
    "POST /fhir/Subscription/{identity}/$events": _OWN,
    **{f"{method} /fhir/{{path:path}}": "one constant for every path" for method in ("GET", "HEAD", "POST")},
    **{f"{method} /fhir": "one constant for every path" for method in ("GET", "HEAD")},
    "POST /inbound/{feed}": "a feed's own door: it is told whether it is believed, and no more: tests/gateway/feeds",
    "GET /revoke": "the participant's own door",
    "POST /revoke": "the participant's own door: every code but a good one is one page: test_stopping.py",
    "GET /health/live": _NOBODY,
    "GET /health/ready": _NOBODY,
    "GET /metrics": "counts; nobody's",
}


def routes() -> set[str]:
    """Every route of the API, as METHOD and template."""
    return {
        f"{method} {route.path}"  # type: ignore[attr-defined]  # every route of ours has both
        for router in ROUTERS
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]  # every route of ours has both
    }
