"""The sentences of the bases that are no consent: an emergency, a court order, HIPAA between health kinds."""

from tests.evaluator.look import Look, blank
from tests.evaluator.page import EMERGENCY_CATEGORIES, FINDINGS, HEALTH, MEDICAL_ROLES, NOTES, PART2_CATEGORIES


def is_part2(look: Look) -> bool:
    """Part 2 follows a source that is a program, or may be, or is not known; and six categories whatever the source."""
    if not look.source or look.source["part2_status"] in {"program", "unknown"}:
        return True
    return look.item["category"] in PART2_CATEGORIES


def for_an_emergency(look: Look) -> bool:
    """2.51 is for the purpose emergency."""
    return look.purpose == "emergency"


def emergency_is_declared(look: Look) -> bool:
    """An emergency has to be declared."""
    return "emergency" in look.request


def to_a_health_kind(look: Look) -> bool:
    """The requester is of a health kind."""
    return look.kind in HEALTH


def to_medical_personnel(look: Look) -> bool:
    """The person who asks has a role of medical personnel."""
    return look.request.get("person", {}).get("role") in MEDICAL_ROLES


def personnel_are_named(look: Look) -> bool:
    """The name of the medical personnel is written down."""
    return not blank(look.request.get("emergency", {}).get("personnel_name"))


def affiliation_is_named(look: Look) -> bool:
    """And where they work."""
    return not blank(look.request.get("emergency", {}).get("personnel_affiliation"))


def opened_by_an_emergency(look: Look) -> bool:
    """An emergency opens seven categories."""
    return look.item["category"] in EMERGENCY_CATEGORIES


EMERGENCY = (
    for_an_emergency,
    emergency_is_declared,
    to_a_health_kind,
    to_medical_personnel,
    personnel_are_named,
    affiliation_is_named,
    opened_by_an_emergency,
)


def for_a_proceeding(look: Look) -> bool:
    """What an order opens is asked for as proceeding."""
    return look.purpose == "proceeding"


def order_runs(look: Look) -> bool:
    """An order is in force before the second in which it expires."""
    return look.running(look.order["expires"])


def order_is_of_a_type_that_opens(look: Look) -> bool:
    """A 2.66 order never opens anything by software."""
    return look.order["type"] in {"2.64", "2.65"}


def findings_are_made(look: Look) -> bool:
    """A 2.64 order needs the first five findings, a 2.65 order the first seven."""
    needed = FINDINGS[:5] if look.order["type"] == "2.64" else FINDINGS[:7]
    return [finding for finding in needed if finding not in look.order["findings"]] == []


def order_lists_the_item(look: Look) -> bool:
    """An order opens exactly its items."""
    return look.item["id"] in look.order["items"]


def order_names_the_requester(look: Look) -> bool:
    """An order opens them to exactly its recipient."""
    return bool(look.order["recipient"] == look.request["requester"])


def no_note(look: Look) -> bool:
    """Notes leave neither under an order nor on HIPAA's own permissions."""
    return look.item["category"] not in NOTES


ORDER = (
    for_a_proceeding,
    order_runs,
    order_is_of_a_type_that_opens,
    findings_are_made,
    order_lists_the_item,
    order_names_the_requester,
    no_note,
)


def not_part2(look: Look) -> bool:
    """HIPAA's permissions open no Part 2 item."""
    return not is_part2(look)


def from_a_health_kind(look: Look) -> bool:
    """The item's source is of a health kind."""
    return look.source.get("kind") in HEALTH


def source_is_under_hipaa(look: Look) -> bool:
    """And a covered entity or a business associate."""
    return look.source.get("hipaa_status") in {"covered-entity", "business-associate"}


def in_custody_for_jail_health(look: Look) -> bool:
    """To jail-health both permissions need the participant to be in custody."""
    return look.kind != "jail-health" or look.participant.get("in_custody") is True


def for_treatment(look: Look) -> bool:
    """164.506 is for treatment."""
    return look.purpose == "treatment"


def for_custody_continuity(look: Look) -> bool:
    """164.512(k)(5) is for custody-continuity."""
    return look.purpose == "custody-continuity"


def to_jail_health(look: Look) -> bool:
    """164.512(k)(5) serves jail-health."""
    return look.kind == "jail-health"


_HIPAA = (not_part2, no_note, from_a_health_kind, source_is_under_hipaa, in_custody_for_jail_health)
TREATMENT = (*_HIPAA, to_a_health_kind, for_treatment)
CUSTODY = (*_HIPAA, to_jail_health, for_custody_continuity)
