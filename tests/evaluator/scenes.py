"""Worlds that permit something, one scene per basis and kind of consent; twists.py spoils them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.evaluator.cast import CLASSES_COUNT_FROM, NAME, PARTICIPANT, Dice, organizations, participants, site
from tests.evaluator.page import (
    CATEGORIES,
    COMMUNITY,
    COUNSEL,
    EMERGENCY_CATEGORIES,
    FINDINGS,
    GATED_PURPOSES,
    HEALTH,
    JUSTICE,
    JUSTICE_PURPOSES,
    KINDS,
    MEDICAL_ROLES,
    NOTES,
    PLAIN,
    SERVABLE,
    TPO_PURPOSES,
    ceiling,
)

Json = dict[str, Any]
SOURCES = ("org:harbor", "org:harbor", "org:otp", "org:ed", "org:clinic", "org:jail", None, "org:nowhere")
EXPIRIES = ("event:end of case", "event:treatment ends")


class Plan(NamedTuple):
    """What a scene is about: which consent or other basis, who asks, why, and about which categories."""

    about: str
    kind: str
    purpose: str
    categories: set[str]


def _roi(dice: Dice) -> Plan:
    kind, purpose = dice.pick(KINDS - JUSTICE), dice.pick(SERVABLE - {"proceeding", "supervision-monitoring"})
    kind, purpose = ("evaluator", dice.pick(GATED_PURPOSES)) if dice.chance(0.1) else (kind, purpose)
    return Plan("roi", kind, purpose, ceiling(kind, purpose))


def _roi_to_justice(dice: Dice) -> Plan:
    kind, purpose = dice.pick(JUSTICE), dice.pick(JUSTICE_PURPOSES)
    return Plan("roi", kind, purpose, ceiling(kind, purpose))


def _notes(dice: Dice) -> Plan:
    purpose = dice.pick(SERVABLE - {"proceeding", "supervision-monitoring"})
    return Plan("notes", dice.pick(KINDS - JUSTICE - COMMUNITY), purpose, {dice.pick(NOTES)})


def _cj(dice: Dice) -> Plan:
    kind = dice.pick(("prosecutor", "court", "probation"))
    return Plan("cj-2.35", kind, "supervision-monitoring", ceiling(kind, "supervision-monitoring"))


def _tpo(dice: Dice) -> Plan:
    return Plan("tpo", dice.pick(HEALTH | {"health-plan", "case-management"}), dice.pick(TPO_PURPOSES), PLAIN)


TOLD_TO_CLINICS = {"physical-health", "medications", "mental-health", "goals"}
TOLD_TO_JAIL_HEALTH = {"physical-health", "medications", "hiv-sti", "custody"}
PLANS: tuple[Callable[[Dice], Plan], ...] = (
    *(_roi, _roi, _roi, _roi_to_justice, _roi_to_justice, _notes, _cj),
    *(_tpo, _tpo),
    lambda dice: Plan("proceeding", dice.pick(JUSTICE | COUNSEL), "proceeding", CATEGORIES - NOTES),
    lambda dice: Plan("order", dice.pick(KINDS), "proceeding", CATEGORIES - NOTES),
    lambda dice: Plan("2.51", dice.pick(HEALTH), "emergency", EMERGENCY_CATEGORIES),
    lambda dice: Plan("164.506", dice.pick(HEALTH), "treatment", TOLD_TO_CLINICS),
    lambda _: Plan("164.512(k)(5)", "jail-health", "custody-continuity", TOLD_TO_JAIL_HEALTH),
)


def plan(dice: Dice) -> Plan:
    """A scene by lot, weighted towards the consents that have most sentences."""
    return PLANS[dice.random.randrange(len(PLANS))](dice)


def case(dice: Dice, scene: Plan, title: str) -> Json:
    """The whole file of a scene, with everything in order that its basis asks for."""
    at = dice.moment()
    items = record(dice, scene, at)
    request = _request(dice, scene, at, items)
    facts: Json = {"site": site(dice), "organizations": organizations(dice, scene.kind)}
    facts |= {"participants": participants(dice), "consents": [], "holds": [], "restrictions": [], "court_orders": []}
    facts["record"] = items
    made = {"title": title, "request": request, "facts": facts}
    if scene.about == "order":
        facts["court_orders"].append(order(dice, made, "o1"))
    if scene.about in {"roi", "tpo", "notes", "proceeding", "cj-2.35"}:
        facts["consents"].append(consent(dice, made, scene.about, "c1"))
    return made


def _request(dice: Dice, scene: Plan, at: datetime, items: list[Json]) -> Json:
    medical = scene.about == "2.51" or dice.chance(0.3)
    role = dice.pick(MEDICAL_ROLES) if medical else "liaison"
    request: Json = {"id": "r1", "at": dice.write(at), "requester": "org:asks"}
    request |= {"person": {"name": "J. Lee", "role": role}, "participant": PARTICIPANT, "purpose": scene.purpose}
    if dice.chance(0.7) or scene.about == "notes":
        request["items"] = [one["id"] for one in items]
    request["attested"] = True
    if scene.about == "2.51":
        request["emergency"] = {"nature": "overdose", "personnel_name": "Dr. Elm", "personnel_affiliation": "Harbor ED"}
        request["emergency"]["discloser"] = "on-call case manager"
    return request


def record(dice: Dice, scene: Plan, at: datetime) -> list[Json]:
    """Two to five items: most of them of what the scene is about, some of anything, from every source."""
    made = []
    hipaa = scene.about.startswith("164")
    for number in range(1, dice.pick((3, 4, 5, 6))):
        category = dice.pick(CATEGORIES if dice.chance(0.15) else scene.categories)
        created = dice.local(
            dice.pick(((2026, 3, 8), (2026, 8, 20), (2025, 11, 2))), dice.pick(((0, 0, 0), (23, 59, 59)))
        )
        one = {"id": f"i{number}", "participant": PARTICIPANT, "category": category}
        one |= {"source": dice.pick(("org:ed", "org:clinic")) if hipaa else dice.pick(SOURCES)}
        made.append(one | {"created": dice.write(min(created, at))})
    return made


def consent(dice: Dice, world: Json, kind: str, name: str) -> Json:
    """A consent of this kind that would serve the question of this world."""
    signed = dice.pick((datetime(2026, 8, 1, 17, tzinfo=UTC), dice.local(CLASSES_COUNT_FROM), dice.local((2025, 6, 1))))
    made: Json = {"id": name, "kind": kind, "participant": PARTICIPANT}
    made |= {"form": {"id": "harbor", "version": "2026-02", "language": "en"}, "signed_at": dice.write(signed)}
    made |= {"signer": {"name": NAME, "capacity": "self"}, "patient_name": NAME, "how_to_revoke": "tell any of us"}
    made |= {"refusal_consequences": "none", "redisclosure_warning": "a notice goes along"}
    if kind == "tpo" or dice.chance(0.1):
        made["tpo_statement"] = "for treatment, payment and operations"
    if dice.chance(0.6):
        made["intermediary"] = world["facts"]["site"]["name"]
    if kind == "proceeding" or dice.chance(0.1):
        made |= {"proceeding_cause": "State v. Alder", "counsel_present": True}
    if kind == "cj-2.35" or dice.chance(0.1):
        official = dice.pick(("J. Lee", "j. LEE", " J.  Lee "))
        made["cj"] = {"condition_document": "order 7", "cause": "26-1-01", "revocable_from": "2027-01-01"}
        made["cj"]["monitoring_official"] = official
    made["grants"] = [grant(dice, world, kind, f"g{number}") for number in range(1, dice.pick((2, 2, 3)))]
    made["revocations"] = []
    if dice.chance(0.5) or "event" in str(made["grants"]):
        made["events"] = [{"name": "another", "at": dice.write(signed)}] if dice.chance(0.5) else []
    return made | {"integrity": "ok"}


def grant(dice: Dice, world: Json, kind: str, name: str) -> Json:
    """A grant that would open to the requester what the question is about, and perhaps a little more."""
    request, asker = world["request"], _asker(world)
    wanted = [one["category"] for one in world["facts"]["record"]]
    categories = [one for one in dict.fromkeys(wanted) if one not in NOTES and dice.chance(0.9)]
    if kind == "notes":
        categories = [dice.pick([one for one in wanted if one in NOTES] or NOTES)]
    opened: Json = {"id": name, "discloser": ["org:harbor", *dice.some(("org:otp", "org:ed", "anyone", "org:clinic"))]}
    opened["recipient"] = ["org:asks"]
    if "classes" in asker and dice.chance(0.5):
        opened["recipient"] = ["class:treating-providers", *dice.some(("org:beacon", "law enforcement", "*"), 0, 1)]
    if asker["kind"] in JUSTICE or dice.chance(0.2):
        opened["role"] = request.get("person", {"role": "liaison"})["role"]
    opened["purposes"] = [request["purpose"]]
    if kind not in {"proceeding", "notes"}:
        opened["purposes"] += dice.some(SERVABLE - {"proceeding", request["purpose"]}, 0, 2)
    opened["categories"] = categories
    if dice.chance(0.2):
        opened["record_from"] = "2025-01-01"
    if dice.chance(0.2):
        opened["record_to"] = "2026-12-31"
    opened["expires"] = _expires(dice, kind)
    if dice.chance(0.1):
        opened["redisclose_to"] = ["org:otp"]
    return opened


def _expires(dice: Dice, kind: str) -> str:
    if kind == "tpo" and dice.chance(0.5):
        return "none"
    return str(dice.pick(EXPIRIES)) if dice.chance(0.2) else dice.write(dice.local((2028, 10, 1)))


def _asker(world: Json) -> Json:
    found = [one for one in world["facts"]["organizations"] if one["id"] == "org:asks"]
    return dict(found[0]) if found else {"kind": "hospital"}


def order(dice: Dice, world: Json, name: str) -> Json:
    """A court order, with every finding it needs, over what is asked."""
    kind = dice.pick(("2.64", "2.64", "2.65"))
    needed = FINDINGS[:5] if kind == "2.64" else FINDINGS[:7]
    made = {"id": name, "type": kind, "findings": [*needed, *dice.some(FINDINGS[7:])]}
    made["items"] = [one["id"] for one in world["facts"]["record"] if dice.chance(0.9)]
    expires = dice.local((2028, 5, 1)) + timedelta(hours=dice.pick(range(5)))
    return made | {"recipient": "org:asks", "expires": dice.write(expires)}
