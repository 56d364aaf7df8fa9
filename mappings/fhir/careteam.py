"""A participant's care team as an R4 CareTeam, and back.

US Core 6.1.0 CareTeam (http://hl7.org/fhir/us/core/StructureDefinition/us-core-careteam): each participant has a role
and a member; the claim is made because every rendering meets it. A team names who treats somebody: it leaves
the house only toward those who treat or coordinate, as organizations and roles (tables/redaction.toml).
"""

from typing import Final

from fhir.resources.R4B.careteam import CareTeam

from mappings.fhir import codes, lead_codes
from mappings.fhir.about import about
from mappings.fhir.build import (
    BuildError,
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    named,
    only,
    read_list,
    read_object,
)
from mappings.fhir.lead_reading import coded, frame, identified, referred, word
from mappings.lead.team import CareRole, Team, TeamMember

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-careteam"

_ELEMENTS: Final = frozenset({"identifier", "status", "subject", "participant"})
_MEMBER: Final = frozenset({"role", "member", "onBehalfOf"})
_ACTIVE: Final = {"active": True, "inactive": False}


def to_fhir(team: Team) -> Json:
    """Write a team. Raises BuildError where it has no member: FHIR has no team of nobody that US Core would accept."""
    if not team.members:
        raise BuildError("a care team without a member")
    found: Json = {
        "resourceType": "CareTeam",
        "id": logical_id("CareTeam", team.id),
        "meta": {"profile": [PROFILE]},
        "identifier": [identifier(lead_codes.TEAM_NAME, team.id)],
        "status": "active" if team.active else "inactive",
        "subject": about(team.participant),
        "participant": [_member(member) for member in team.members],
    }
    return checked(CareTeam, found)


def _member(member: TeamMember) -> Json:
    return {
        "role": [codes.concept(lead_codes.CARE_ROLE, member.role.value)],
        "member": named("Practitioner", lead_codes.STAFF_NAME, member.id, member.name),
        "onBehalfOf": named("Organization", codes.ORGANIZATION, member.organization),
    }


def from_fhir(resource: Json) -> Team:
    """Read a care team, whoever wrote it. Raises UnreadableResourceError on anything else."""
    frame(resource, "CareTeam", _ELEMENTS)
    status = resource.get("status")
    if not isinstance(status, str) or status not in _ACTIVE:
        raise UnreadableResourceError("CareTeam.status", "must be active or inactive")
    members = read_list(resource.get("participant"), "CareTeam.participant")
    if not members:
        raise UnreadableResourceError("CareTeam.participant", "is missing")
    participant, _ = referred(resource.get("subject"), "Patient", codes.PARTICIPANT, "CareTeam.subject")
    return Team(
        id=identified(resource.get("identifier"), lead_codes.TEAM_NAME, "CareTeam.identifier"),
        participant=participant,
        members=tuple(_read_member(read_object(one, "CareTeam.participant")) for one in members),
        active=_ACTIVE[status],
    )


def _read_member(one: Json) -> TeamMember:
    field = "CareTeam.participant"
    only(one, _MEMBER, field)
    ident, name = referred(one.get("member"), "Practitioner", lead_codes.STAFF_NAME, f"{field}.member")
    organization, _ = referred(one.get("onBehalfOf"), "Organization", codes.ORGANIZATION, f"{field}.onBehalfOf")
    role = coded(read_list(one.get("role"), f"{field}.role"), lead_codes.CARE_ROLE, f"{field}.role")
    return TeamMember(ident, name, word(role, CareRole, f"{field}.role"), organization)
