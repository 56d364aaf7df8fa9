"""The shape of `ingest lead FILE`: strict pydantic models, one per object (documented in mappings/README.md).

Unknown keys are refused, nothing is coerced, a key marked optional may be left out or null. The models say what a
well-formed file is; mappings/lead/site_checks.py says what a file that makes sense is.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from consent.codes import (
    Capacity,
    Category,
    ConsentKind,
    HipaaStatus,
    Integrity,
    LegalRole,
    OrganizationKind,
    Part2Status,
    Purpose,
    RevocationMode,
)
from mappings.lead.plan import ActivityStatus, Dimension, GoalStatus
from mappings.lead.site_types import (
    Address,
    Day,
    Expiry,
    GrantIds,
    Id,
    Jwks,
    Line,
    Moment,
    RecipientClass,
    RecipientId,
    Scope,
    State,
    Text,
    TimeZone,
)


class Strict(BaseModel):
    """Nothing unknown, nothing coerced, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class SiteForm(Strict):
    """`site`: consent.model.Site."""

    name: Line
    timezone: TimeZone
    state: State
    legal_role: LegalRole
    cj_2_35_enabled: bool = False


class EndpointForm(Strict):
    """`organizations[].endpoint`: where deliveries to this organization go."""

    url: Address
    kind: Literal["fhir"]


class OrganizationForm(Strict):
    """`organizations[]`: a partner and what law binds it. `evidence`: how its Part 2 status is known (P2-01)."""

    id: Id
    name: Line
    kind: OrganizationKind
    part2_status: Part2Status
    hipaa_status: HipaaStatus
    agreement_expires: Day | None = None
    classes: frozenset[RecipientClass] = frozenset()
    endpoint: EndpointForm | None = None
    evidence: Line | None = None


class ClientForm(Strict):
    """`clients[]`: a partner's system that may ask for a token (SMART Backend Services).

    `purposes`: why it may pull, the first by default; without any, what its kind of organization asks for.
    """

    client_id: Id
    organization: Id
    jwks: Jwks
    scopes: frozenset[Scope] = Field(min_length=1)
    purposes: tuple[Purpose, ...] = ()


class NameForm(Strict):
    """A name as people write it."""

    given: tuple[Line, ...] = Field(min_length=1)
    family: Line


class IdentifierForm(Strict):
    """An identifier in a system such as `sid`, `fbi`, `jail:harbor:inmate`."""

    system: Id
    value: Line


class ParticipantForm(Strict):
    """`participants[]`. `id` is a reference of the site; the gateway makes the UUID."""

    id: Id
    name: NameForm
    aliases: tuple[NameForm, ...] = ()
    birth_date: Day
    identifiers: tuple[IdentifierForm, ...]
    case_management: Id
    case_manager: Line | None = None
    screened: bool
    enrolled: bool
    in_custody: bool | None = None
    treating: frozenset[Id] | None = None


class IntakeForm(Strict):
    """`intakes[]`: a psychosocial intake was completed. Its content stays where it was made."""

    participant: Id
    completed_at: Moment


class GoalForm(Strict):
    """A goal that the participant named, along SAMHSA's four dimensions. `status`: R4 Goal.lifecycleStatus."""

    dimension: Dimension
    text: Line
    status: GoalStatus


class ActivityForm(Strict):
    """Something that is being done. `status`: R4 CarePlan.activity.detail.status."""

    text: Line
    status: ActivityStatus


class PlanForm(Strict):
    """`plans[]`: an Individual Intervention Plan."""

    id: Id
    participant: Id
    goals: tuple[GoalForm, ...] = Field(min_length=1)
    activities: tuple[ActivityForm, ...] = ()
    created: Moment


class RecordForm(Strict):
    """`records[]`: one item of the record. `source` null: nobody knows who made it, so Part 2 applies."""

    id: Id
    participant: Id
    category: Category
    source: Id | None
    created: Moment
    resource: dict[str, Any] | None = None


class SignedFormForm(Strict):
    """`rois[].form`: the paper, by version and language."""

    id: Line
    version: Line
    language: Line


class SignerForm(Strict):
    """`rois[].signer` (42 CFR 2.31(a)(8))."""

    name: Text
    capacity: Capacity
    authority: Text | None = None


class CriminalJusticeForm(Strict):
    """`rois[].cj` (42 CFR 2.35)."""

    condition_document: Text | None = None
    cause: Text | None = None
    revocable_from: Text | None = None
    monitoring_official: Text | None = None


class GrantForm(Strict):
    """`rois[].grants[]`: consent.model.ConsentGrant. Empty lists are well formed here; 2.31(a) refuses them later."""

    id: Id
    discloser: frozenset[Id]
    recipient: frozenset[RecipientId]
    role: Text | None = None
    purposes: frozenset[Purpose]
    categories: frozenset[Category]
    record_from: Day | None = None
    record_to: Day | None = None
    expires: Expiry
    redisclose_to: tuple[Id, ...] = ()


class RevocationForm(Strict):
    """`rois[].revocations[]`. `grants`: `"all"` or a list of grant ids."""

    at: Moment
    grants: GrantIds
    mode: RevocationMode


class EventForm(Strict):
    """`rois[].events[]`: something that a grant's end hangs on has happened."""

    name: Line
    at: Moment


class ConsentForm(Strict):
    """`rois[]`: consent.model.Consent."""

    id: Id
    kind: ConsentKind
    participant: Id
    form: SignedFormForm
    signed_at: Moment
    signer: SignerForm
    patient_name: Text
    how_to_revoke: Text
    refusal_consequences: Text
    redisclosure_warning: Text
    tpo_statement: Text | None = None
    intermediary: Text | None = None
    proceeding_cause: Text | None = None
    counsel_present: bool | None = None
    cj: CriminalJusticeForm | None = None
    grants: tuple[GrantForm, ...]
    revocations: tuple[RevocationForm, ...]
    events: tuple[EventForm, ...] | None = None
    integrity: Integrity


class LeadFileForm(Strict):
    """The whole file. Only the lists that are given are handed in; what is left out is left as it is."""

    site: SiteForm | None = None
    organizations: tuple[OrganizationForm, ...] = ()
    clients: tuple[ClientForm, ...] = ()
    participants: tuple[ParticipantForm, ...] = ()
    intakes: tuple[IntakeForm, ...] = ()
    plans: tuple[PlanForm, ...] = ()
    rois: tuple[ConsentForm, ...] = ()
    records: tuple[RecordForm, ...] = ()
