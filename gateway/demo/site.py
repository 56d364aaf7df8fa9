"""Cedar County LEAD: the demo site as data, in the JSON form of `ingest lead` (mappings/README.md).

Nobody in it exists: people are called after trees and birds. Every id is the same in every run; days are counted from
the argument `today`, so that consents are in force whenever the demo is made. Keys of partners' systems are not here:
the demo makes them when it runs.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from gateway.demo.site_record import (
    CASE_MANAGEMENT,
    HOSPITAL,
    JAIL,
    OTP,
    Json,
    appointment,
    care_plan,
    clinical_records,
    goal,
    identity,
    medication,
    moment,
    observed,
    progress_records,
    record,
)

TODAY: Final = date(2026, 11, 24)
RAY: Final = "p-ray"
PROSECUTOR: Final = "org:cedar-prosecutor"
POLICE: Final = "org:cedar-police"
JAIL_HEALTH: Final = "org:cedar-jail-health"
DEFENDER: Final = "org:cedar-defender"
COURT: Final = "org:cedar-court"
HOUSING: Final = "org:rowan-house"
LIAISON_PROSECUTOR: Final = "liaison-prosecutor"
_LIAISON_OFFICER: Final = "liaison-officer"
_PROGRESS: Final = ("participation", "engagement", "progress")


class _Cast(NamedTuple):
    """One invented participant: id stem, given name, family name, birth date, SID, and what else there is to say."""

    stem: str
    given: str
    family: str
    born: str
    sid: str
    more: Mapping[str, object]


_CAST: Final = (
    _Cast("ray", "Ray", "Alder", "1986-03-02", "WA90000001", {"treating": [OTP, HOSPITAL]}),
    _Cast("testina", "Testina", "Fir", "1991-07-19", "WA90000002", {}),
    _Cast("wren", "Wren", "Hemlock", "1979-11-30", "WA90000003", {}),
    _Cast("juniper", "Juniper", "Quail", "1998-02-11", "WA90000004", {}),
    _Cast("hazel", "Hazel", "Finch", "1984-09-05", "WA90000005", {}),
    _Cast("linden", "Linden", "Sparrow", "1973-12-24", "WA90000006", {}),
    _Cast("rowan", "Rowan", "Teal", "1989-05-16", "WA90000007", {"in_custody": True, "treating": [OTP]}),
    _Cast("aspen", "Aspen", "Grebe", "1995-01-08", "WA90000008", {"treating": [OTP, HOSPITAL]}),
    _Cast("olive", "Olive", "Heron", "1968-06-27", "WA90000009", {}),
    _Cast("jay", "Jay", "Larch", "1993-10-14", "WA90000010", {}),
    _Cast("robin", "Robin", "Maple", "1982-04-21", "WA90000011", {}),
    _Cast("willow", "Willow", "Crane", "1977-08-03", "WA90000012", {}),
)
_REFERRED: Final = frozenset({"juniper", "hazel", "robin"})  # screened, not (or no longer) enrolled
_MORE_NAMES: Final = {
    "ray": [{"given": ["Raymond"], "family": "Alder"}, {"given": ["Ray"], "family": "Birch"}],
    "jay": [{"given": ["Jay"], "family": "Tamarack"}],
}


def build_site(today: date = TODAY) -> Json:
    """Return the whole demo site as a LEAD file; every moment and day in it is counted from `today`."""
    return {
        "site": {
            "name": "Cedar County LEAD",
            "timezone": "America/Los_Angeles",
            "state": "WA",
            "legal_role": "business-associate",
            "cj_2_35_enabled": False,
        },
        "organizations": _organizations(today),
        "participants": [_participant(each) for each in _CAST],
        "intakes": _intakes(today),
        "plans": [_plan(today)],
        "rois": _rois(today),
        "records": _records(today),
    }


def _organizations(today: date) -> list[Json]:
    agreed = (today + timedelta(days=580)).isoformat()
    return [
        _organization(CASE_MANAGEMENT, "Cedar Case Management", "case-management", "unknown", "none", agreed),
        _organization(PROSECUTOR, "Cedar County Prosecuting Attorney", "prosecutor", "not-program", "none", agreed),
        _organization(POLICE, "Cedar City Police", "police", "not-program", "none", agreed),
        _organization(JAIL, "Cedar County Jail", "jail-custody", "not-program", "none", agreed),
        _organization(JAIL_HEALTH, "Cedar Jail Health", "jail-health", "not-program", "covered-entity", agreed),
        _organization(HOSPITAL, "Lakeside Hospital", "hospital", "not-program", "covered-entity", agreed),
        _organization(OTP, "Fern Hill Opioid Treatment", "part2-program", "program", "covered-entity", agreed),
        _organization(DEFENDER, "Cedar County Public Defender", "public-defender", "not-program", "none", agreed),
        _organization(COURT, "Cedar District Court", "court", "not-program", "none", agreed),
        _organization(HOUSING, "Rowan House", "housing", "not-program", "none", agreed),
    ]


def _organization(identifier: str, name: str, kind: str, part2: str, hipaa: str, agreed: str) -> Json:
    found: Json = {
        "id": identifier,
        "name": name,
        "kind": kind,
        "part2_status": part2,
        "hipaa_status": hipaa,
        "agreement_expires": agreed,
        "evidence": "Invented for the demo",
    }
    return {**found, "classes": ["treating-providers"]} if kind in ("hospital", "part2-program") else found


def _participant(cast: _Cast) -> Json:
    return {
        "id": f"p-{cast.stem}",
        "name": {"given": [cast.given], "family": cast.family},
        "aliases": _MORE_NAMES.get(cast.stem, []),
        "birth_date": cast.born,
        "identifiers": [{"system": "sid", "value": cast.sid}],
        "case_management": CASE_MANAGEMENT,
        "case_manager": "Mo Cypress",
        "screened": True,
        "enrolled": cast.stem not in _REFERRED,
        **cast.more,
    }


def _intakes(today: date) -> list[Json]:
    """Return the intakes: Juniper Quail is referred only, everybody else has had one."""
    at = moment(today - timedelta(days=60), 14)
    return [{"participant": f"p-{each.stem}", "completed_at": at} for each in _CAST if each.stem != "juniper"]


def _plan(today: date) -> Json:
    return {
        "id": "plan-ray",
        "participant": RAY,
        "goals": [
            {"dimension": "home", "text": "A room with a door that locks", "status": "active"},
            {"dimension": "health", "text": "Keep the dose that works", "status": "active"},
            {"dimension": "community", "text": "Call my sister on Sundays", "status": "proposed"},
        ],
        "activities": [
            {"text": "Visit Rowan House with the case manager", "status": "in-progress"},
            {"text": "Renew the identity card", "status": "scheduled"},
        ],
        "created": moment(today - timedelta(days=40)),
    }


def _grant(
    identifier: str, to: str, purposes: list[str], categories: tuple[str, ...], today: date, **more: object
) -> Json:
    ends = moment(today + timedelta(days=310), 0)
    fixed = {"id": identifier, "discloser": [CASE_MANAGEMENT], "recipient": [to], "purposes": purposes}
    return {**fixed, "categories": list(categories), "expires": ends, **more}


def _roi(stem: str, today: date, grants: list[Json], **more: object) -> Json:
    """Return a signed release of information of one of the cast, complete under 42 CFR 2.31(a)."""
    cast = next(each for each in _CAST if each.stem == stem)
    name = f"{cast.given} {cast.family}"
    fixed: Json = {
        "id": f"roi-{stem}",
        "kind": "roi",
        "participant": f"p-{stem}",
        "form": {"id": "cedar-roi", "version": "2026-02", "language": "en"},
        "signed_at": moment(today - timedelta(days=55), 10),
        "signer": {"name": name, "capacity": "self"},
        "patient_name": name,
        "how_to_revoke": "Say so to any case manager, or write to Cedar Case Management, 1 Cedar Street",
        "refusal_consequences": "None: help does not depend on signing",
        "redisclosure_warning": "What is sent may be passed on only as the notice that travels with it says",
        "grants": grants,
        "revocations": [],
        "integrity": "ok",
    }
    return {**fixed, **more}


def _liaison(identifier: str, today: date, **more: object) -> Json:
    """Return the grant that names the prosecutor's office."""
    return _grant(identifier, PROSECUTOR, ["case-alignment"], _PROGRESS, today, role=LIAISON_PROSECUTOR, **more)


def _rois(today: date) -> list[Json]:
    """Return the signed forms. Juniper Quail and Hazel Finch have signed nothing."""
    counsel = _grant(
        "g-defender", DEFENDER, ["care-coordination", "case-alignment"], (*_PROGRESS, "legal-status"), today
    )
    housing = _grant("g-housing", HOUSING, ["care-coordination"], ("participation", "goals", "housing"), today)
    jail = _grant("g-jail-health", JAIL_HEALTH, ["treatment"], ("medications", "moud"), today)
    officer = _grant(
        "g-police", POLICE, ["warm-handoff"], ("participation", "appointments"), today, role=_LIAISON_OFFICER
    )
    stopped, past = moment(today - timedelta(days=2), 14), moment(today - timedelta(days=5), 0)
    everything = [{"at": stopped, "grants": "all", "mode": "written"}]
    one = [{"at": stopped, "grants": ["g-prosecutor"], "mode": "oral"}]
    closed = _liaison("g-prosecutor", today, expires="event:case-closed")
    return [
        _roi("ray", today, [_liaison("g-prosecutor", today), counsel, housing]),
        _roi("testina", today, [counsel, housing]),
        _roi("wren", today, [_liaison("g-prosecutor", today), counsel], revocations=everything),
        _roi("linden", today, [_liaison("g-prosecutor", today, expires=past)]),
        _roi("rowan", today, [jail, counsel]),
        _roi("aspen", today, [_tpo(today)], kind="tpo", tpo_statement=_TPO_STATEMENT),
        _roi("olive", today, [_liaison("g-prosecutor", today), counsel], revocations=one),
        _roi("jay", today, [officer, counsel]),
        _roi("robin", today, [closed], events=[{"name": "case-closed", "at": stopped}]),
        _roi("willow", today, [_liaison("g-prosecutor", today)], integrity="suspect"),
    ]


_TPO_STATEMENT: Final = (
    "My record may be passed on as the HIPAA rules allow, except in any civil, criminal, administrative or "
    "legislative proceeding against me"
)


def _tpo(today: date) -> Json:
    """Return a grant of a single consent for treatment, payment and operations (42 CFR 2.33(a)(2))."""
    categories = ("medications", "moud", "sud-treatment", "physical-health")
    ends = {"discloser": [OTP], "expires": "none"}
    return _grant("g-treating", "class:treating-providers", ["treatment"], categories, today, **ends)


def _records(today: date) -> list[Json]:
    day = today - timedelta(days=4)
    found = _ray_records(day)
    for stem in ("testina", "wren", "hazel", "linden", "olive", "robin", "willow"):
        found += progress_records(f"p-{stem}", stem, day)
    for stem in ("rowan", "aspen"):
        found += clinical_records(f"p-{stem}", stem, day)
    visit = appointment("p-jay", today + timedelta(days=3), "booked")
    insulin = medication("p-rowan", "5856", "insulin, regular, human", "10 units before meals", day)
    return [
        *found,
        record("r-jay-appointment", "p-jay", "appointments", CASE_MANAGEMENT, day, visit),
        record("r-rowan-insulin", "p-rowan", "medications", HOSPITAL, day, insulin),
    ]


def _ray_records(day: date) -> list[Json]:
    """Return all about Ray Alder: what the prosecutor may hear, what an emergency needs, and what goes nowhere."""
    home = goal(RAY, "home", "A room with a door that locks")
    missed = appointment(RAY, day - timedelta(days=9), "noshow")
    case = observed(RAY, ("legal-status", "Legal status"), ("diverted-charge", "One diverted charge"), day)
    return [
        record("r-ray-identity", RAY, "identity", CASE_MANAGEMENT, day, identity(RAY, "Alder", "Ray", "1986-03-02")),
        *progress_records(RAY, "ray", day),
        record("r-ray-plan", RAY, "care-plan", CASE_MANAGEMENT, day, care_plan(RAY, day)),
        record("r-ray-goal", RAY, "goals", CASE_MANAGEMENT, day, home),
        record("r-ray-legal", RAY, "legal-status", CASE_MANAGEMENT, day, case),
        record("r-ray-missed", RAY, "missed-appointments", CASE_MANAGEMENT, day, missed),
        *clinical_records(RAY, "ray", day),
    ]
