"""Whether what names a patient names the one asked about: identifiers say it, literal references only sometimes."""

from collections.abc import Iterable, Sequence

from mappings.fhir.consult.elements import Json
from mappings.fhir.consult.match import Match
from mappings.fhir.consult.names import Identifier, Names, as_literals, identifiers_of, literal, literals_meet


class Persons:
    """Knows the patient asked about by identifiers, and by the literal references that are proven to be theirs.

    Proof is a Patient in the directory or the content, or a literal reference among the identifiers asked with: a
    consent proves nothing about another consent.
    """

    def __init__(self, asked: Sequence[Identifier], resources: Iterable[tuple[str, Json]]) -> None:
        """Take the identifiers asked with and pairs of fullUrl ("" where none) and resource."""
        self._asked = frozenset(asked)
        self._ours = set(as_literals(asked))
        self._others: set[tuple[str, str]] = set()
        for url, one in resources:
            if one.get("resourceType") == "Patient":
                names = {literal(f"Patient/{one['id']}")} if isinstance(one.get("id"), str) else set()
                names |= {literal(url)} if url else set()
                found = Names(frozenset(names), identifiers_of(one))
                self._learn(found, self.known(found))

    def _learn(self, names: Names, person: Match) -> None:
        if person is Match.YES:
            self._ours |= names.literals
        elif person is Match.NO:
            self._others |= names.literals

    def known(self, names: Names) -> Match:
        """Tell whether `names` are the patient's: by identifier, or by a literal reference that is proven.

        An identifier of a system that is asked with but of another value is another person; one of a system that is
        not asked with says nothing.
        """
        if names.identifiers & self._asked or literals_meet(names.literals, self._ours):
            return Match.YES
        systems = {system for system, _ in self._asked}
        if any(system in systems for system, _ in names.identifiers):
            return Match.NO
        return Match.NO if literals_meet(names.literals, self._others) else Match.MAYBE

    def agree(self, patients: Sequence[Names]) -> bool:
        """Tell whether references that nobody can resolve may be taken as the caller's word for whose they are.

        Only where no reference of the patient is proven, and all those that cannot be resolved are one and the same.
        """
        loose = [one for one in patients if self.known(one) is Match.MAYBE]
        first = next(iter(loose), Names())
        return (
            bool(self._asked)
            and not self._ours
            and bool(loose)
            and all(one.literals and literals_meet(one.literals, first.literals) for one in loose)
        )
