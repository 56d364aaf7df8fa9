"""The content of a question: each resource by itself, with its own names, people and authors, never by its place.

LEAP's enforcement service matched decisions to entries by index and released the record of a patient who had refused.
Here the people whom a resource names are met with the consent that permits it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from consent.labels import label_resource
from consent.sensitivity import SensitivityTables
from mappings.fhir.consult.consents import Standing
from mappings.fhir.consult.content import Resource, names_of
from mappings.fhir.consult.elements import Json
from mappings.fhir.consult.match import Match, every
from mappings.fhir.consult.names import Directory, Names
from mappings.fhir.consult.persons import Persons

_SUBJECTS: Final = frozenset({"subject", "patient", "beneficiary", "for"})
_PEOPLE: Final = ("Patient/", "Group/")


def entries(bundle: Json | None) -> Iterator[tuple[str, Json]]:
    """Yield fullUrl ("" where none) and resource of all entries, of Bundles in Bundles too."""
    for entry in _list(bundle, "entry"):
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            url = entry.get("fullUrl")
            yield url if isinstance(url, str) else "", entry["resource"]
            if entry["resource"].get("resourceType") == "Bundle":
                yield from entries(entry["resource"])


def _list(value: Json | None, name: str) -> list[Any]:
    found = None if value is None else value.get(name)
    return found if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of the content as a whole: who is who in it, who wrote what, and whether it names one patient."""

    directory: Directory
    persons: Persons
    zone: tzinfo
    written: tuple[tuple[tuple[Names, ...], tuple[Names, ...]], ...]
    one_patient: bool
    tables: SensitivityTables | None

    def resource(self, url: str, given: Json) -> Resource:
        """Get a resource ready to be judged."""
        names = names_of(url, given)
        by = [a for agents, targets in self.written if any(t.same(names) is Match.YES for t in targets) for a in agents]
        found = frozenset() if self.tables is None else label_resource(given, None, self.tables).sensitivities
        return Resource(given, names, self.directory, self.zone, tuple(by), frozenset(one.value for one in found))

    def about(self, resource: Resource, consent: Standing) -> Match:
        """Tell whether everybody whom the resource names as a patient is the one whose consent this is."""
        return every(self._is(names, consent) for names in _people(resource))

    def _is(self, person: Names, consent: Standing) -> Match:
        known = self.persons.known(person)
        if known is not Match.MAYBE:
            return known
        if consent.patient.literals:
            return Names(person.literals).same(Names(consent.patient.literals))
        return Match.YES if self.one_patient and not person.identifiers else Match.MAYBE


def read_content(
    bundle: Json | None, directory: Directory, persons: Persons, zone: tzinfo, tables: SensitivityTables | None
) -> Content:
    """Look over the content once, before any of it is judged. `tables`: codes that show a sensitivity, if looked up."""
    bare = Content(directory, persons, zone, (), one_patient=False, tables=None)
    found = [bare.resource(url, one) for url, one in entries(bundle)]
    named = {names.literals for one in found for names in _people(one) if persons.known(names) is not Match.YES}
    written = tuple(_provenance(one) for one in found if one.json.get("resourceType") == "Provenance")
    return Content(directory, persons, zone, written, one_patient=len(named) == 1, tables=tables)


def _provenance(resource: Resource) -> tuple[tuple[Names, ...], tuple[Names, ...]]:
    agents = tuple(names for element, names in resource.references if element in {"who", "onBehalfOf"})
    return agents, tuple(names for element, names in resource.references if element == "target")


def _people(resource: Resource) -> Iterator[Names]:
    """Yield whom a resource names as a patient: itself, its subject, every Patient that it refers to or contains."""
    if resource.json.get("resourceType") == "Patient":
        yield resource.names
    for one in _list(resource.json, "contained"):
        if isinstance(one, dict) and one.get("resourceType") == "Patient":
            yield Names(identifiers=names_of("", one).identifiers)
    for element, names in resource.references:
        tails = [tail for _, tail in names.literals]
        if any(tail.startswith(_PEOPLE) for tail in tails) or (element in _SUBJECTS and not _elsewhere(tails)):
            yield names


def _elsewhere(tails: list[str]) -> bool:
    """Tell whether a subject is a thing or a place, or contained and so looked at by itself."""
    return any(tail.startswith("#") or "/" in tail for tail in tails)
