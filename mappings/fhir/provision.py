"""One grant toward one recipient as one nested R4 provision of type permit. provision_reading.py reads it back.

In FHIR an absent element means "no limit", in our model an empty list permits nothing: an empty list is therefore
written as the code `none` (or a recipient of the system `nobody`), which matches nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consent.codes import CLASS_PREFIX
from consent.model import Consent, ConsentGrant, Hold, Organization
from mappings.fhir import codes, extensions
from mappings.fhir.build import Json, moment, named
from mappings.fhir.in_force import period

ACTOR_ROLE: Final = codes.concept(codes.PARTICIPATION, "IRCP")
ACTIONS: Final = [codes.concept(codes.CONSENT_ACTION, "access"), codes.concept(codes.CONSENT_ACTION, "disclose")]


@dataclass(frozen=True, slots=True)
class Row:
    """One grant toward one recipient; `recipient` None where the grant names nobody."""

    grant: ConsentGrant
    recipient: str | None


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a provision is written from: names of organizations, holds, the moment, and for whose eyes (None: all)."""

    organizations: Mapping[str, Organization]
    holds: tuple[Hold, ...]
    at: datetime
    viewer: str | None


def rows(consent: Consent) -> list[Row]:
    """List the rows of a consent: grants in their order, each with its recipients by id."""
    return [Row(grant, to) for grant in consent.grants for to in _or_nobody(grant.recipient)]


def _or_nobody(organizations: frozenset[str]) -> list[str | None]:
    return [*sorted(organizations)] or [None]


def write_provision(consent: Consent, row: Row, how: Rendering) -> Json:
    """Write a row as a nested permit. For a viewer it names the recipient and, of all others, only the viewer."""
    grant = row.grant
    limits = _disclosers(grant, how) if how.viewer is None else []
    limits += extensions.optional("recipient-role", grant.role)
    provision: Json = {
        "extension": _details(grant, how),
        **({"modifierExtension": limits} if limits else {}),
        "type": "permit",
        "period": period(consent, grant, holds=how.holds, at=how.at),
        "actor": [{"role": ACTOR_ROLE, "reference": _organization(row.recipient, how)}],
        "action": ACTIONS,
        "securityLabel": _labels(grant),
        "purpose": [c for p in sorted(grant.purposes) for c in codes.purpose_codings(p)]
        or [codes.coding(codes.PURPOSE, codes.NO_CODE)],
        "code": [
            codes.concept(codes.CATEGORY, c) for c in sorted(c.value for c in grant.categories) or [codes.NO_CODE]
        ],
    }
    days = {"start": grant.record_from, "end": grant.record_to}
    data = {edge: day.isoformat() for edge, day in days.items() if day is not None}
    return provision | {"dataPeriod": data} if data else provision


def _details(grant: ConsentGrant, how: Rendering) -> list[Json]:
    """Write what R4 has no element for. A viewer sees no event name, and of onward recipients only itself."""
    found = [extensions.text("grant", grant.id)]
    if how.viewer is None:
        found.append(
            extensions.value("expires", "DateTime", moment(grant.expires))
            if isinstance(grant.expires, datetime)
            else extensions.text("expires", grant.expires)
        )
    onward = [to for to in grant.redisclose_to if how.viewer in (None, to)]
    return found + [extensions.text("redisclose-to", to) for to in onward]


def _disclosers(grant: ConsentGrant, how: Rendering) -> list[Json]:
    ones = _or_nobody(grant.discloser)
    return [extensions.value("discloser", "Reference", _organization(who, how)) for who in ones]


def _organization(who: str | None, how: Rendering) -> Json:
    if who is None:
        return named("Organization", codes.NOBODY, codes.NO_CODE)
    if who.startswith(CLASS_PREFIX):
        return named("Group", codes.RECIPIENT_CLASS, who.removeprefix(CLASS_PREFIX))
    organization = how.organizations.get(who)
    return named("Organization", codes.ORGANIZATION, who, organization.name if organization is not None else None)


def _labels(grant: ConsentGrant) -> list[Json]:
    """Label what the permit reaches: R or lower, Part 2, and the sensitivities that its categories open."""
    opened = sorted({code for category in grant.categories for code in codes.SENSITIVITIES.get(category, ())})
    return [
        codes.coding(codes.CONFIDENTIALITY, "R"),
        *(codes.coding(codes.ACT_CODE, code) for code in ("42CFRPart2", *opened)),
    ]
