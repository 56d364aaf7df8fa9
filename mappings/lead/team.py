"""The people around a participant, and the staff of organizations."""

from dataclasses import dataclass
from enum import StrEnum


class CareRole(StrEnum):
    """What somebody on a participant's team does there."""

    CASE_MANAGER = "case-manager"
    CLINICAL_SUPERVISOR = "clinical-supervisor"
    OUTREACH_COORDINATOR = "outreach-coordinator"
    PROJECT_MANAGER = "project-manager"
    TREATMENT = "treatment"
    HOUSING = "housing"
    LEGAL_SERVICES = "legal-services"
    PUBLIC_DEFENDER = "public-defender"
    LIAISON_PROSECUTOR = "liaison-prosecutor"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class TeamMember:
    """One person on a team. `id`: of the staff member; `organization`: the id of whom they work for."""

    id: str
    name: str
    role: CareRole
    organization: str


@dataclass(frozen=True, slots=True)
class Team:
    """A participant's care team: at least one member."""

    id: str
    participant: str
    members: tuple[TeamMember, ...]
    active: bool = True


@dataclass(frozen=True, slots=True)
class Staff:
    """A human being at an organization, as a directory knows them. `role` compares exactly, as Person.role does."""

    id: str
    given: tuple[str, ...]
    family: str
    role: str
    organization: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
