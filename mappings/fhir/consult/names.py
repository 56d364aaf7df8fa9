"""Who is who: references resolved to identifiers, so that a name in a Consent can be met with the name that is asked.

Literal references say the same thing only within one server; identifiers say it everywhere. LEAP's service fetches
the actor behind a reference; here `context.directory` (and what the Consent itself contains) stands in for the fetch.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from mappings.fhir.consult.elements import Json, references_in, text
from mappings.fhir.consult.errors import UnreadableConsentError
from mappings.fhir.consult.match import Match

_LITERAL: Final = re.compile(r"(?:(?P<base>https?://.+)/)?(?P<tail>[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})")
_URI_SYSTEMS: Final = frozenset({"", "urn:ietf:rfc:3986"})
_MEMBERS: Final = {
    "Group": frozenset({"entity"}),
    "CareTeam": frozenset({"member"}),
    "PractitionerRole": frozenset({"practitioner"}),
}
"""In whose name others may ask: the elements that name them. A role's organization is not the role."""

Identifier = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """All that one party or thing is known by. `literals`: pairs of server base ("" unknown) and `Type/id`."""

    literals: frozenset[tuple[str, str]] = frozenset()
    identifiers: frozenset[Identifier] = frozenset()

    def __or__(self, other: "Names") -> "Names":
        return Names(self.literals | other.literals, self.identifiers | other.identifiers)

    def same(self, other: "Names") -> Match:
        """Tell whether both name one thing; MAYBE where they have no kind of name in common."""
        if self.identifiers & other.identifiers or literals_meet(self.literals, other.literals):
            return Match.YES
        if (self.literals and other.literals) or (self.identifiers and other.identifiers):
            return Match.NO
        return Match.MAYBE


def literals_meet(ours: Iterable[tuple[str, str]], theirs: Iterable[tuple[str, str]]) -> bool:
    """Tell whether two sets of literal references share one; a server that is not named may be either's."""
    others = list(theirs)
    return any(
        tail == their_tail and (base == their_base or "" in (base, their_base))
        for base, tail in ours
        for their_base, their_tail in others
    )


def literal(reference: str) -> tuple[str, str]:
    """Split a literal reference into server base and `Type/id`, without its version; a URN is all tail."""
    bare = reference.partition("/_history/")[0]
    found = _LITERAL.fullmatch(bare)
    return (found["base"] or "", found["tail"]) if found else ("", bare)


def identifier(value: Any, field: str) -> Identifier:
    """Read an Identifier as system ("" where absent) and value. Raises UnreadableConsentError without a value."""
    if not isinstance(value, dict):
        raise UnreadableConsentError(field, "must be an object")
    system = text(value["system"], f"{field}.system") if "system" in value else ""
    return plain(system, text(value.get("value"), f"{field}.value"))


def plain(system: str, value: str) -> Identifier:
    """Write one identifier in one way: OIDs come with and without their prefix."""
    return system.rstrip("/"), value.removeprefix("urn:oid:")


def as_literals(identifiers: Iterable[Identifier]) -> frozenset[tuple[str, str]]:
    """Find those identifiers that are literal references (`Organization/128`, as ASU's clients ask)."""
    return frozenset(literal(value) for system, value in identifiers if system in _URI_SYSTEMS and "/" in value)


class Directory:
    """Resources that resolve references. Two resources of one name resolve nothing: a guessed party could be false."""

    def __init__(self, resources: Iterable[tuple[str, Json]]) -> None:
        """Index pairs of fullUrl ("" where none) and resource."""
        known: dict[str, Json] = {}
        doubtful: set[str] = set()
        for url, resource in resources:
            for name in _own_names(url, resource):
                if known.setdefault(name, resource) != resource:
                    doubtful.add(name)
        self._known = {name: one for name, one in known.items() if name not in doubtful}

    def resource(self, reference: str) -> Json | None:
        """Find the resource that a literal reference points to."""
        base, tail = literal(reference)
        return self._known.get(f"{base}/{tail}" if base else tail) or self._known.get(tail)

    def names(self, reference: Json, contained: Json, field: str, depth: int = 0) -> Names:
        """Collect what the party behind a Reference is known by. `contained`: `#id` -> resource.

        Raises UnreadableConsentError for what is no Reference.
        """
        own = reference_names(reference, field)
        target = reference.get("reference")
        found = contained.get(target) or self.resource(target) if isinstance(target, str) else None
        if found is None:
            return own
        return own | Names(identifiers=identifiers_of(found)) | self._members(found, contained, field, depth)

    def _members(self, resource: Json, contained: Json, field: str, depth: int) -> Names:
        wanted = _MEMBERS.get(str(resource.get("resourceType")), frozenset())
        inside = Names()
        for name, reference in references_in(resource) if depth == 0 else ():
            if name in wanted:
                inside |= self.names(reference, contained, field, depth + 1)
        return inside


def reference_names(reference: Json, field: str) -> Names:
    """Read the names that a Reference itself holds, FAST's additionalIdentifier among them."""
    target = reference.get("reference")
    literals = frozenset({literal(text(target, f"{field}.reference"))}) if target is not None else frozenset()
    found = [reference["identifier"]] if "identifier" in reference else []
    extensions = reference.get("extension", [])
    ones = [one for one in extensions if isinstance(one, dict)] if isinstance(extensions, list) else []
    found += [one.get("valueIdentifier") for one in ones if _is_additional(one)]
    return Names(literals, frozenset(identifier(one, f"{field}.identifier") for one in found))


def _is_additional(extension: Json) -> bool:
    return str(extension.get("url", "")).lower().endswith("additionalidentifier")


def identifiers_of(resource: Json) -> frozenset[Identifier]:
    """Collect the identifiers of a resource; one that has no value names nobody."""
    found = resource.get("identifier")
    ones = found if isinstance(found, list) else [found]
    pairs = [(one.get("system", ""), one.get("value")) for one in ones if isinstance(one, dict)]
    return frozenset(plain(s, v) for s, v in pairs if isinstance(s, str) and isinstance(v, str) and v)


def _own_names(url: str, resource: Json) -> Iterator[str]:
    kind, ident = resource.get("resourceType"), resource.get("id")
    names = {f"{kind}/{ident}"} if isinstance(kind, str) and isinstance(ident, str) else set()
    if url:
        base, tail = literal(url)
        names.add(f"{base}/{tail}" if base else tail)
    yield from names
