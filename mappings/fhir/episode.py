"""A participant's standing with LEAD as an R4 EpisodeOfCare, and back.

https://hl7.org/fhir/R4/episodeofcare.html: waitlist = referred, active, onhold = enrolled but inactive, finished =
discharged. There is no US Core profile. No statusHistory and no careManager: a trail and a name that nobody needs.
"""

from typing import Final

from fhir.resources.R4B.episodeofcare import EpisodeOfCare

from mappings.fhir import codes, lead_codes
from mappings.fhir.about import about
from mappings.fhir.build import (
    BuildError,
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    moment,
    named,
    only,
    read_list,
    read_moment,
    read_object,
)
from mappings.fhir.lead_reading import coded, frame, identified, referred, word
from mappings.lead.episode import Episode, Standing

_STATUSES: Final = {
    Standing.REFERRED: "waitlist",
    Standing.ENROLLED_ACTIVE: "active",
    Standing.ENROLLED_INACTIVE: "onhold",
    Standing.DISCHARGED: "finished",
}
_STANDINGS: Final = {status: standing for standing, status in _STATUSES.items()}
_ELEMENTS: Final = frozenset({"identifier", "status", "type", "patient", "managingOrganization", "period"})


def to_fhir(episode: Episode) -> Json:
    """Write an episode. Raises BuildError where it ends before it begins, or has ended without being discharged."""
    if not _consistent(episode):
        raise BuildError("an episode ends exactly if its standing is discharged, and not before it begins")
    period = {"start": moment(episode.since)}
    if episode.until is not None:
        period["end"] = moment(episode.until)
    found: Json = {
        "resourceType": "EpisodeOfCare",
        "id": logical_id("EpisodeOfCare", episode.id),
        "identifier": [identifier(lead_codes.EPISODE_NAME, episode.id)],
        "status": _STATUSES[episode.standing],
        "type": [codes.concept(lead_codes.EPISODE, "lead")],
        "patient": about(episode.participant),
        "managingOrganization": named("Organization", codes.ORGANIZATION, episode.organization),
        "period": period,
    }
    return checked(EpisodeOfCare, found)


def from_fhir(resource: Json) -> Episode:
    """Read an EpisodeOfCare of LEAD, whoever wrote it. Raises UnreadableResourceError on anything else."""
    frame(resource, "EpisodeOfCare", _ELEMENTS)
    types = read_list(resource.get("type"), "EpisodeOfCare.type")
    if coded(types, lead_codes.EPISODE, "EpisodeOfCare.type") != "lead":
        raise UnreadableResourceError("EpisodeOfCare.type", "must be an episode of LEAD")
    period = read_object(resource.get("period"), "EpisodeOfCare.period")
    only(period, frozenset({"start", "end"}), "EpisodeOfCare.period")
    until = read_moment(period["end"], "EpisodeOfCare.period.end") if "end" in period else None
    organization, _ = referred(
        resource.get("managingOrganization"), "Organization", codes.ORGANIZATION, "EpisodeOfCare.managingOrganization"
    )
    participant, _ = referred(resource.get("patient"), "Patient", codes.PARTICIPANT, "EpisodeOfCare.patient")
    episode = Episode(
        id=identified(resource.get("identifier"), lead_codes.EPISODE_NAME, "EpisodeOfCare.identifier"),
        participant=participant,
        standing=word(resource.get("status"), _STANDINGS, "EpisodeOfCare.status"),
        organization=organization,
        since=read_moment(period.get("start"), "EpisodeOfCare.period.start"),
        until=until,
    )
    if not _consistent(episode):
        raise UnreadableResourceError("EpisodeOfCare.period", "must end exactly if finished, and not before its start")
    return episode


def _consistent(episode: Episode) -> bool:
    if episode.until is None:
        return episode.standing is not Standing.DISCHARGED
    return episode.standing is Standing.DISCHARGED and episode.since <= episode.until
