"""All that a rule may look at, loaded beforehand. A field of None means "not known" and never helps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent.codes import Category, OrganizationKind, Purpose
from consent.model import Consent, CourtOrder, Hold, Item, Organization, Participant, Restriction, Site


@dataclass(frozen=True, slots=True)
class AllowList:
    """One row of the redaction table: toward this kind, for this purpose, of this category, these element paths.

    A path is dotted FHIR element names without indexes, rooted at the resource type: `CarePlan.status`.
    """

    kind: OrganizationKind
    purpose: Purpose
    category: Category
    fields: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The tables of the house, passed in so that the law stays pure: allow-lists by (kind, purpose, category)."""

    rulebook: str
    allow_lists: Mapping[tuple[OrganizationKind, Purpose, Category], frozenset[str]] = field(hash=False, repr=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at the moment of the request.

    INVARIANT: `None` is "could not be loaded", and denies; an empty tuple is "there are none".
    """

    site: Site
    organizations: Mapping[str, Organization] = field(hash=False)
    participants: Mapping[str, Participant] = field(hash=False)
    consents: tuple[Consent, ...] | None
    holds: tuple[Hold, ...] | None
    restrictions: tuple[Restriction, ...] | None
    court_orders: tuple[CourtOrder, ...] | None
    record: tuple[Item, ...] | None
    policy: Policy
