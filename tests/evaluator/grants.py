"""The sentences about one grant: running, unrevoked, not held, not void, and naming all that the question is about."""

from datetime import date

from tests.evaluator.consents import signed_in_the_time_of_classes
from tests.evaluator.look import Look, blank, instant
from tests.evaluator.page import HEALTH, JUSTICE, NOTES, PROCEEDING_PURPOSES, ceiling

TREATING = "class:treating-providers"


def not_expired(look: Look) -> bool:
    """A grant runs to its moment, or to its event as far as events are known; `none` counts on tpo alone."""
    expires = look.grant["expires"]
    if expires == "none":
        return bool(look.consent["kind"] == "tpo")
    if not expires.startswith("event:"):
        return look.running(expires)
    if "events" not in look.consent:
        return False
    name = expires.removeprefix("event:")
    return True not in [event["name"] == name and look.reached(event["at"]) for event in look.consent["events"]]


def not_revoked(look: Look) -> bool:
    """A revocation, written or oral, ends what it names; all of its consent where it names nothing that is there."""
    own = [grant["id"] for grant in look.consent["grants"]]
    for revocation in look.consent["revocations"]:
        named = revocation["grants"]
        everything = named == "all" or not named or [one for one in named if one not in own]
        if look.reached(revocation["at"]) and (everything or look.grant["id"] in named):
            return False
    return True


def not_held(look: Look) -> bool:
    """A hold on a grant's id stops that id in every consent of the participant (on `all`: see stops.py)."""
    for hold in look.facts["holds"]:
        if hold["participant"] == look.request["participant"] and look.reached(hold["at"]):
            named = [] if hold["grants"] == "all" else hold["grants"]
            if look.grant["id"] in named:
                return False
    return True


def not_void_for_proceedings(look: Look) -> bool:
    """Proceedings stand alone: such a purpose elsewhere, or another purpose there, voids the grant, 2.31(d)."""
    alone = look.consent["kind"] == "proceeding"
    out_of_place = [(purpose in PROCEEDING_PURPOSES) != alone for purpose in look.grant["purposes"]]
    return True not in out_of_place


def not_void_for_notes(look: Look) -> bool:
    """Notes stand alone: notes elsewhere, or anything else there, voids the grant, 2.31(b)."""
    out_of_place = [(category in NOTES) != (look.consent["kind"] == "notes") for category in look.grant["categories"]]
    return True not in out_of_place


def one_kind_of_notes(look: Look) -> bool:
    """In a notes consent each grant is for one category."""
    return look.consent["kind"] != "notes" or len(set(look.grant["categories"])) == 1


def class_reaches(look: Look) -> bool:
    """The class reaches a treating health kind, since 2024-04-16, and through an intermediary only a named one."""
    if TREATING not in look.grant["recipient"] or not signed_in_the_time_of_classes(look):
        return False
    if look.kind not in HEALTH or "treating-providers" not in look.requester.get("classes", []):
        return False
    if look.request["requester"] not in look.participant.get("treating", []):
        return False
    site = look.facts["site"]
    return bool(site["legal_role"] != "intermediary" or look.consent.get("intermediary") == site["name"])


def recipient_is_listed(look: Look) -> bool:
    """A grant serves whom it names, or whom its class reaches."""
    return look.request["requester"] in look.grant["recipient"] or class_reaches(look)


def discloser_is_listed(look: Look) -> bool:
    """The source discloses, or a case-management organization for every source that is none itself."""
    if look.source and look.source["id"] in look.grant["discloser"]:
        return True
    if look.source.get("kind") == "case-management":
        return False
    return "case-management" in [look.organization(name).get("kind") for name in look.grant["discloser"]]


def purpose_is_listed(look: Look) -> bool:
    """A grant serves the purposes that it lists."""
    return look.purpose in look.grant["purposes"]


def category_is_listed(look: Look) -> bool:
    """A grant opens the categories that it lists."""
    return look.item["category"] in look.grant["categories"]


def justice_needs_a_role(look: Look) -> bool:
    """A grant without a role, a blank one included, serves no justice kind."""
    return look.kind not in JUSTICE or not blank(look.grant.get("role"))


def role_is_equal(look: Look) -> bool:
    """Where a grant names a role, the person who asks has exactly that one."""
    role = look.grant.get("role")
    return blank(role) or look.request.get("person", {}).get("role") == role


def not_too_early(look: Look) -> bool:
    """record_from is a day of the site, inclusive; left out: no bound."""
    created = look.day(instant(look.item["created"]))
    return "record_from" not in look.grant or date.fromisoformat(look.grant["record_from"]) <= created


def not_too_late(look: Look) -> bool:
    """record_to is a day of the site, inclusive; left out: no bound."""
    created = look.day(instant(look.item["created"]))
    return "record_to" not in look.grant or created <= date.fromisoformat(look.grant["record_to"])


def under_the_ceiling(look: Look) -> bool:
    """Under roi, tpo and cj-2.35 the table bounds what a kind may get for a purpose."""
    if look.consent["kind"] in {"notes", "proceeding"}:
        return True
    return look.item["category"] in ceiling(look.kind, look.purpose)


GRANT = (
    not_expired,
    not_revoked,
    not_held,
    not_void_for_proceedings,
    not_void_for_notes,
    one_kind_of_notes,
    recipient_is_listed,
    discloser_is_listed,
    purpose_is_listed,
    category_is_listed,
    justice_needs_a_role,
    role_is_equal,
    not_too_early,
    not_too_late,
    under_the_ceiling,
)
