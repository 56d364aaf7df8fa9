"""A participant whose every field is a token that stands nowhere else: what leaks, leaks by name.

All tokens begin with MARK, so one look finds any of them, and each says which field it is from. No such person exists.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Final

from consent.codes import Category
from gateway.demo.bookings import build_bookings
from gateway.demo.site import LIAISON_PROSECUTOR, PROSECUTOR, build_site
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL, LOCAL, OTP, moment
from mappings.lead.custody import SID, PersonName
from mappings.lead.matching import Candidate

Json = dict[str, Any]

MARK: Final = "Zqxjvkwq"
BORN: Final = date(1957, 11, 3)
_TOKEN: Final = re.compile(rf"{MARK}[A-Za-z0-9]*", re.IGNORECASE)
NEVER: Final = ("Narrative", "Contained", "Extension", "Note", "Meta", "Filed", "Performer")
"""Elements of every record below that go to nobody at all."""

_EMERGENCY_SOURCES: Final = {Category.MOUD: OTP, Category.SUD_DIAGNOSIS: OTP, Category.SUD_TREATMENT: OTP}


def token(*place: str) -> str:
    """The token of one field, named after its place."""
    words = " ".join(place).replace("-", " ").split()
    return MARK + "".join(word[:1].upper() + word[1:] for word in words)


PARTICIPANT: Final = token("reference")
GIVEN: Final = token("given")
FAMILY: Final = token("family")
STATE_ID: Final = token("sid7")  # an identifier has a digit, or it is no identifier


def found_in(text: str | bytes) -> set[str]:
    """Every token in a text, by its exact name where the text kept its letters."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    found = {match.group() for match in _TOKEN.finditer(plain)}
    return found | {"birth date" for _ in (0,) if BORN.isoformat() in plain}


def is_in_bytes(content: bytes) -> bool:
    """Is any token in these bytes: as UTF-8, as UTF-16 of either order, or either of them in hexadecimal?"""
    return any(form in text for text, forms in ((content.lower(), _FORMS), (content, _HEX)) for form in forms)


def _forms(mark: str) -> tuple[bytes, bytes]:
    """The mark as UTF-8, and what UTF-16 has of it in both orders."""
    return mark.encode(), b"\0".join(bytes([letter]) for letter in mark.encode())


_FORMS: Final = (*_forms(MARK.lower()), BORN.isoformat().encode())
_HEX: Final = tuple(form.hex().encode() for mark in (MARK, MARK.lower(), MARK.upper()) for form in _forms(mark))


def _coded(category: Category, *, of: str = "") -> Json:
    coding = {
        "system": LOCAL,
        "code": token(category, of, "Code"),
        "display": token(category, of, "Display"),
    }
    return {"coding": [coding], "text": token(category, of, "Words")}


def _resource(category: Category, kind: str, person: str, **elements: Any) -> Json:
    """A resource with what nobody ever gets in it: narrative, contained, extension, note, meta."""
    narrative = f'<div xmlns="http://www.w3.org/1999/xhtml">{token(category, "Narrative")}</div>'
    contained = {"resourceType": "Practitioner", "id": "inside", "name": [{"text": token(category, "Contained")}]}
    return {
        "resourceType": kind,
        "meta": {"source": f"urn:x:{token(category, 'Meta')}"},
        "text": {"status": "generated", "div": narrative},
        "contained": [contained],
        "extension": [{"url": "urn:x:invented", "valueString": token(category, "Extension")}],
        "identifier": [{"system": "urn:x:invented", "value": token(category, "Filed")}],
        person: {"reference": f"Patient/{PARTICIPANT}"},
        **elements,
    }


def _observation(category: Category) -> Json:
    return _resource(
        category,
        "Observation",
        "subject",
        status="final",
        code=_coded(category),
        valueCodeableConcept=_coded(category, of="Value"),
        performer=[{"display": token(category, "Performer")}],
        note=[{"text": token(category, "Note")}],
    )


def _medication(category: Category) -> Json:
    return _resource(
        category,
        "MedicationStatement",
        "subject",
        status="active",
        medicationCodeableConcept=_coded(category),
        dosage=[{"text": token(category, "Dose")}],
        note=[{"text": token(category, "Note")}],
    )


def _patient(category: Category) -> Json:
    return {
        "resourceType": "Patient",
        "id": PARTICIPANT,
        "name": [{"family": FAMILY, "given": [GIVEN], "text": token(category, "Words")}],
        "birthDate": BORN.isoformat(),
        "telecom": [{"system": "phone", "value": token(category, "Phone")}],
        "address": [{"line": [token(category, "Street")], "city": token(category, "City")}],
        "photo": [{"title": token(category, "Contained")}],
        "contact": [{"name": {"text": token(category, "Note")}}],
        "extension": [{"url": "urn:x:race", "valueString": token(category, "Extension")}],
    }


def _episode(category: Category) -> Json:
    return _resource(category, "EpisodeOfCare", "patient", status="active", type=[_coded(category)])


def _allergy(category: Category) -> Json:
    return _resource(category, "AllergyIntolerance", "patient", code=_coded(category))


def _condition(category: Category) -> Json:
    return _resource(category, "Condition", "subject", code=_coded(category))


def _document(category: Category) -> Json:
    content = [{"attachment": {"contentType": "text/plain", "title": token(category, "Title")}}]
    return _resource(category, "DocumentReference", "subject", status="current", content=content)


_MADE_BY: Final[dict[Category, Callable[[Category], Json]]] = {
    Category.IDENTITY: _patient,
    Category.CONTACT: _patient,
    Category.MEDICATIONS: _medication,
    Category.MOUD: _medication,
    Category.PARTICIPATION: _episode,
    Category.PHYSICAL_HEALTH: _allergy,
    Category.SUD_DIAGNOSIS: _condition,
    Category.COUNSELING_NOTES: _document,
    Category.PSYCHOTHERAPY_NOTES: _document,
}


def _records(today: date) -> Iterator[Json]:
    for category in Category:
        body = _MADE_BY.get(category, _observation)(category)
        yield {
            "id": f"r-{token(category, 'Id')}",
            "participant": PARTICIPANT,
            "category": category.value,
            "source": _EMERGENCY_SOURCES.get(category, CASE_MANAGEMENT),
            "created": moment(today - timedelta(days=4)),
            "resource": {"id": token(category, "Id"), **body},
        }


def _roi(today: date) -> Json:
    grant = {
        "id": token("grant"),
        "discloser": [CASE_MANAGEMENT],
        "recipient": [PROSECUTOR],
        "role": LIAISON_PROSECUTOR,
        "purposes": ["case-alignment"],
        "categories": ["participation", "engagement", "progress"],
        "expires": moment(today + timedelta(days=300), 0),
    }
    return {
        "id": token("roi"),
        "kind": "roi",
        "participant": PARTICIPANT,
        "form": {"id": token("form"), "version": token("form version"), "language": "en"},
        "signed_at": moment(today - timedelta(days=55), 10),
        "signer": {"name": f"{GIVEN} {FAMILY}", "capacity": "self", "authority": token("authority")},
        "patient_name": f"{GIVEN} {FAMILY}",
        "how_to_revoke": token("how to revoke"),
        "refusal_consequences": token("refusal consequences"),
        "redisclosure_warning": token("redisclosure warning"),
        "grants": [grant],
        "revocations": [],
        "events": [{"name": token("event"), "at": moment(today - timedelta(days=3))}],
        "integrity": "ok",
    }


def _participant() -> Json:
    return {
        "id": PARTICIPANT,
        "name": {"given": [GIVEN, token("middle")], "family": FAMILY},
        "aliases": [{"given": [token("alias given")], "family": token("alias family")}],
        "birth_date": BORN.isoformat(),
        "identifiers": [{"system": SID, "value": STATE_ID}, {"system": "fbi", "value": token("fbi7")}],
        "case_management": CASE_MANAGEMENT,
        "case_manager": token("case manager"),
        "screened": True,
        "enrolled": True,
        "in_custody": False,
        "treating": [OTP, HOSPITAL],
    }


def canary_file(today: date, *, endpoint: str | None = None, clients: tuple[Json, ...] = ()) -> Json:
    """The demo's site and partners as a LEAD file, and in it the canary, alone."""
    site = build_site(today)
    for organization in site["organizations"]:
        if organization["id"] == PROSECUTOR and endpoint is not None:
            organization["endpoint"] = {"url": endpoint, "kind": "fhir"}
    plan = {
        "id": token("plan"),
        "participant": PARTICIPANT,
        "goals": [{"dimension": "home", "text": token("goal"), "status": "active"}],
        "activities": [{"text": token("activity"), "status": "scheduled"}],
        "created": moment(today - timedelta(days=40)),
    }
    return {
        "site": site["site"],
        "organizations": site["organizations"],
        "clients": list(clients),
        "participants": [_participant()],
        "intakes": [{"participant": PARTICIPANT, "completed_at": moment(today - timedelta(days=60), 14)}],
        "plans": [plan],
        "rois": [_roi(today)],
        "records": list(_records(today)),
    }


def canary_bookings(day: date) -> dict[str, bytes]:
    """Booking reports full of tokens: about the canary, about somebody doubtful, about a stranger, and a broken one."""
    canary = Candidate("canary", (PersonName(GIVEN, FAMILY),), (), BORN, ((SID, STATE_ID),))
    reports = [content.decode() for _, content in build_bookings(3, [canary], day=day)]
    about = [text for text in reports if STATE_ID in text]
    certain = next(text for text in about if BORN.isoformat() in text)
    doubtful = next(text for text in about if BORN.isoformat() not in text)
    stranger = next(text for text in reports if STATE_ID not in text)
    broken = f"<{token('element')} {token('attribute')}='{token('value')}'><nc:{token('prefix')}>{token('text')}<"
    return {
        "certain": _tokenized(certain, "certain"),
        "doubtful": _tokenized(doubtful, "doubtful"),
        "stranger": _tokenized(_renamed(stranger), "stranger"),
        "broken": broken.encode(),
    }


def _renamed(report: str) -> str:
    for element in ("PersonGivenName", "PersonSurName", "PersonMiddleName"):
        report = re.sub(rf"(<nc:{element}>)[^<]*", rf"\g<1>{token('stranger', element)}", report)
    return report


def _tokenized(report: str, whose: str) -> bytes:
    """Replace the free texts of a booking, but for names and what matching needs."""
    for element in ("ChargeDescriptionText", "EvaluationDiagnosisDescriptionText", "DispositionText"):
        report = re.sub(rf"(:{element}>)[^<]+", rf"\g<1>{token(whose, element)}", report)
    for element in ("ItemName", "MeasureValueText"):
        report = re.sub(rf"(:{element}>)[^<]+", rf"\g<1>{token(whose, element)}", report)
    report = re.sub(r">CCJ\d{6}<", f">{token(whose, 'inmate')}<", report)
    return re.sub(r">BK-[\d-]+<", f">{token(whose, 'booking')}<", report).encode()
