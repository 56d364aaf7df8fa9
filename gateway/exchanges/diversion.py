"""When a diversion is complete: both intake and release of information are done, and nobody's deadline is told. Pure.

A diverted charge is not filed once somebody is enrolled; it may be where the intake comes too late (LEAD toolkit). So
this says yes or stays silent. INVARIANT: there is no third answer, and nothing here is called when a deadline passes.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from consent.codes import Category, ConsentKind, OrganizationKind
from consent.days import day_of
from consent.facts import Facts
from consent.model import Consent, Item
from mappings.fhir import codes, lead_codes
from mappings.lead.custody import LOCAL
from mappings.lead.matter_state import MatterKind, matter_kind
from mappings.lead.referral import Door

_DIVERTED: Final = frozenset({(LOCAL, "diverted-charge"), (lead_codes.DOOR, Door.ARREST_DIVERSION.value)})
_ENROLLED: Final = frozenset({"active", "onhold"})
_LIFTED: Final = "cancelled"


def completed_at(facts: Facts, participant: str) -> datetime | None:
    """Return since when a diversion is complete, or None: it is not, or was too late, or nobody was diverted.

    The later of intake and last signature; both must be on record, and the participation must be on record as enrolled.
    """
    record = [item for item in facts.record or () if item.participant == participant]
    known = facts.participants.get(participant)
    intake = min((item.created for item in record if is_intake(item)), default=None)
    signed = max((c.signed_at for c in facts.consents or () if _counts(c, participant)), default=None)
    if intake is None or signed is None or known is None or known.enrolled is not True:
        return None
    if not any(_is_diverted(item) for item in record) or not any(_is_enrolled(item) for item in record):
        return None
    due = [day for item in record if (day := _due(item)) is not None]
    if due and day_of(intake, ZoneInfo(facts.site.timezone)) > max(due):
        return None
    return max(intake, signed)


def enrolled_at(facts: Facts, participant: str) -> datetime | None:
    """Return since when a participant is enrolled now, by the newest episode on record; None: nobody knows."""
    starts = [
        start
        for item in facts.record or ()
        if item.participant == participant and _is_enrolled(item) and (start := _start(item)) is not None
    ]
    return max(starts, default=None)


def matter_kinds(facts: Facts, participant: str, items: Iterable[str]) -> dict[str, MatterKind]:
    """Say of each case among `items` what it is to the enrolment: by the day of its incident, however late filed.

    Only for the participant's own case management (a Use): to tell a prosecutor would tell of the enrolment.
    """
    since, wanted = enrolled_at(facts, participant), frozenset(items)
    return {
        item.id: matter_kind(item, since, facts.site.timezone)
        for item in facts.record or ()
        if item.participant == participant and item.category is Category.LEGAL_STATUS and item.id in wanted
    }


def _start(item: Item) -> datetime | None:
    period = (item.resource or {}).get("period")
    try:
        found = datetime.fromisoformat(period["start"]) if isinstance(period, dict) else None
    except (KeyError, TypeError, ValueError):
        return None
    return found if found is not None and found.tzinfo is not None else None


def untold(facts: Facts, participant: str, recipient: str) -> frozenset[str]:
    """Return the ids of what a prosecutor is not told while a diversion is not complete: whether somebody takes part.

    To tell that somebody is only referred, by an item or by its lack among others, would tell that the intake is not
    done. INVARIANT: it is the same before the deadline and after it.
    """
    known = facts.organizations.get(recipient)
    if known is None or known.kind is not OrganizationKind.PROSECUTOR:
        return frozenset()
    record = [item for item in facts.record or () if item.participant == participant]
    if not any(_is_diverted(item) for item in record) or completed_at(facts, participant) is not None:
        return frozenset()
    return frozenset(item.id for item in record if item.category is Category.PARTICIPATION)


def versions(facts: Facts, participant: str) -> tuple[str, ...]:
    """Return what a completion hangs on: the intake was done, and the forms. A new form is a new cause."""
    intakes = [f"{item.id}/{item.version}" for item in facts.record or () if is_intake(item)]
    forms = [consent.id for consent in facts.consents or () if _counts(consent, participant)]
    return tuple(sorted(intakes + forms))


def is_intake(item: Item) -> bool:
    """Say whether an item is the word that the psychosocial intake was done: by itself, or as the filled-in form."""
    if item.category is not Category.INTAKE:
        return False
    resource = item.resource
    return not resource or (resource.get("resourceType"), resource.get("status")) == (
        "QuestionnaireResponse",
        "completed",
    )


def _counts(consent: Consent, participant: str) -> bool:
    """Say whether a form is a release of information that is signed; whether it is in force, the rules decide."""
    return consent.kind is ConsentKind.ROI and consent.participant == participant


def _is_diverted(item: Item) -> bool:
    if item.category not in (Category.LEGAL_STATUS, Category.REFERRAL):
        return False
    resource = item.resource or {}
    concepts = (resource.get(name) for name in ("code", "valueCodeableConcept", "businessStatus"))
    return any(not _DIVERTED.isdisjoint(_codings(concept)) for concept in concepts)


def _codings(concept: Any) -> set[tuple[Any, Any]]:
    found = concept.get("coding", []) if isinstance(concept, dict) else []
    return {(one.get("system"), one.get("code")) for one in found if isinstance(one, dict)}


def _is_enrolled(item: Item) -> bool:
    resource = item.resource or {}
    return (
        item.category is Category.PARTICIPATION
        and resource.get("resourceType") == "EpisodeOfCare"
        and resource.get("status") in _ENROLLED
    )


def _due(item: Item) -> date | None:
    """Return until which day an intake was asked for; an extension by agreement is a later day, and counts."""
    resource = item.resource or {}
    if item.category is not Category.INTAKE or resource.get("resourceType") != "Task":
        return None
    if (codes.TASK, "intake") not in _codings(resource.get("code")) or resource.get("status") == _LIFTED:
        return None
    try:
        return date.fromisoformat(resource["restriction"]["period"]["end"][:10])
    except (KeyError, TypeError, ValueError):
        return None
