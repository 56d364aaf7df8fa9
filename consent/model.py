"""The nouns of the house, as immutable values.

Every moment is an aware `datetime`; every date is a day in the site's time zone. A field of None means "not known",
and what is not known never helps a disclosure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from consent.codes import (
    Capacity,
    Category,
    ConsentKind,
    HipaaStatus,
    Integrity,
    LegalRole,
    OrderFinding,
    OrderType,
    OrganizationKind,
    Part2Status,
    Purpose,
    RevocationMode,
)
from consent.sensitivity import Confidentiality, Sensitivity

All = Literal["all"]


@dataclass(frozen=True, slots=True)
class Site:
    """The one LEAD site that this installation serves."""

    name: str
    timezone: str
    state: str
    legal_role: LegalRole
    cj_2_35_enabled: bool = False


@dataclass(frozen=True, slots=True)
class Organization:
    """A partner: who it is, what law binds it, until when its agreement runs (inclusive day)."""

    id: str
    name: str
    kind: OrganizationKind
    part2_status: Part2Status
    hipaa_status: HipaaStatus
    agreement_expires: date | None = None
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """A human being at an organization. `role` is free text and compares exactly."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Participant:
    """The person whom everything here is about. `treating`: ids of organizations with a treating relationship."""

    id: str
    screened: bool
    enrolled: bool
    birth_date: date | None = None
    in_custody: bool | None = None
    treating: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ReleaseOfInformation:
    """The signed form itself, as evidence: which form, which version, in which language."""

    id: str
    version: str
    language: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed, in what capacity, by what authority (42 CFR 2.31(a)(8))."""

    name: str
    capacity: Capacity
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class CriminalJusticeTerms:
    """What a 2.35 consent must name besides."""

    condition_document: str | None = None
    cause: str | None = None
    revocable_from: str | None = None
    monitoring_official: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentGrant:
    """One row of a consent: these may tell those, for these purposes, these categories, until then.

    `expires` is a moment, `event:<name>`, or `none`. `recipient` holds organization ids or `class:<name>`.
    """

    id: str
    discloser: frozenset[str]
    recipient: frozenset[str]
    purposes: frozenset[Purpose]
    categories: frozenset[Category]
    expires: datetime | str
    role: str | None = None
    record_from: date | None = None
    record_to: date | None = None
    redisclose_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revocation:
    """A participant's end of a consent, whole or by grant; it counts from `at`, that second included."""

    at: datetime
    grants: All | frozenset[str]
    mode: RevocationMode


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and that a grant's expiry may hang on."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """The legal effect of one signed form (42 CFR 2.31). `events` None: not known what has happened."""

    id: str
    kind: ConsentKind
    participant: str
    form: ReleaseOfInformation
    signed_at: datetime
    signer: Signer
    patient_name: str
    how_to_revoke: str
    refusal_consequences: str
    redisclosure_warning: str
    grants: tuple[ConsentGrant, ...]
    revocations: tuple[Revocation, ...]
    integrity: Integrity
    tpo_statement: str | None = None
    intermediary: str | None = None
    proceeding_cause: str | None = None
    counsel_present: bool | None = None
    cj: CriminalJusticeTerms | None = None
    events: tuple[Event, ...] | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A stop, at once, until a person lifts it. On a grant id it stops that id in every consent."""

    participant: str
    at: datetime
    grants: All | frozenset[str]


@dataclass(frozen=True, slots=True)
class Restriction:
    """A participant's request to limit (42 CFR 2.26). No categories: all. Only an agreed one binds."""

    participant: str
    organization: str
    agreed: bool
    categories: frozenset[Category] | None = None


@dataclass(frozen=True, slots=True)
class CourtOrder:
    """An order under subpart E, structured by a person: exactly these items to exactly this recipient."""

    id: str
    type: OrderType
    findings: frozenset[OrderFinding]
    items: frozenset[str]
    recipient: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class ContentLabels:
    """What was found in an item when it was taken in. INVARIANT: kept with it, and nothing lowers it later.

    `part2`: by its source as it stood then, by category or by content. `opaque`: something is in it that nobody could
    look into.
    """

    part2: bool
    opaque: bool
    sensitivities: frozenset[Sensitivity]
    confidentiality: Confidentiality


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of the record about one participant. `source` None: nobody knows who made it, so Part 2 applies.

    `resource` is a FHIR R4 resource as plain JSON, or None where the item is known only by its description.
    `version` counts from 1; a stored version never changes. `labels`: None where nobody looked into it.
    """

    id: str
    participant: str
    category: Category
    source: str | None
    created: datetime
    resource: Mapping[str, Any] | None = field(default=None, hash=False)
    version: int = 1
    labels: ContentLabels | None = None
