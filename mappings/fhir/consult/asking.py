"""Whether a provision speaks of the question: its recipient, its purpose, its action, its moment."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from mappings.fhir.consult.elements import Coding
from mappings.fhir.consult.match import Match, every, some
from mappings.fhir.consult.names import Identifier, Names, as_literals, literals_meet
from mappings.fhir.consult.provisions import REQUEST, Actor, Condition, Provision, Term

_RECIPIENTS: Final = frozenset({"IRCP", "PRCP"})
_DISCLOSERS: Final = frozenset({"CST", "AUT", "INF", "ENT"})
_REASONS: Final = (
    "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "http://terminology.hl7.org/ValueSet/v3-PurposeOfUse",  # as LEAP's consents write it
    "http://hl7.org/fhir/v3/ActReason",
    "urn:oid:2.16.840.1.113883.5.8",
    "2.16.840.1.113883.5.8",
)
_PUBLISHED: Final = re.compile(
    r"PurposeOfUse|HMARKT|HOPERAT|CAREMGT|DONAT|FRAUD|GOV|HACCRED|HCOMPL|HDECD|HDIRECT|HDM|HLEGAL|HOUTCOMS"
    r"|HPRGRP|HQUALIMP|HSYSADMIN|LABELING|METAMGT|MEMADMIN|MILCDM|PATADMIN|PATSFTY|PERFMSR|RECORDMGT|SYSDEV"
    r"|HTEST|TRAIN|HPAYMT|CLMATTCH|COVAUTH|COVERAGE|ELIGDTRM|ELIGVER|ENROLLM|MILDCRG|REMITADV|HRESCH|BIORCH"
    r"|CLINTRCH|CLINTRCHNPC|CLINTRCHPC|PRECLINTRCH|DSRCH|POARCH|TRANSRCH|PATRQT|FAMRQT|PWATRNY|SUPNWK"
    r"|PUBHLTH|DISASTER|THREAT|TREAT|CLINTRL|COC|ETREAT|BTG|ERTREAT|POPHLTH|LEGAL"
)
"""The codes of v3-ActReason that say a purpose of use: a foreign code of that spelling is not asked for by them."""

_ACTIONS: Final = "http://terminology.hl7.org/CodeSystem/consentaction"
_SHARING: Final = frozenset({"access", "disclose"})
_NOT_SHARING: Final = frozenset({"collect", "correct"})


class Asked:
    """One question, for one purpose (None: not stated), at one moment."""

    def __init__(self, actors: Iterable[Identifier], purpose: str | None, at: datetime) -> None:
        """Take the identifiers of the requester, any of which is the requester."""
        self._actors = frozenset(actors)
        self._literals = as_literals(self._actors)
        self._only_literals = bool(self._actors) and all("/" in value for _, value in self._actors)
        self._purpose = purpose
        self._at = at

    def meets(self, provision: Provision) -> Match:
        """Tell whether the provision speaks of this question, whatever the content."""
        if not all(period.holds(self._at) for period in provision.periods):
            return Match.NO
        if provision.blocked and provision.kind == "permit":
            return Match.NO
        return every(self._meets(one) for one in provision.conditions if one.kinds <= REQUEST)

    def _meets(self, condition: Condition) -> Match:
        if "actor" in condition.kinds:
            return self._among([term.value for term in condition.terms if isinstance(term.value, Actor)])
        return some(self._coded(term) for term in condition.terms)

    def _coded(self, term: Term) -> Match:
        if not isinstance(term.value, Coding):
            return Match.MAYBE
        return _shares(term.value) if term.kind == "action" else self._for(term.value)

    def _for(self, purpose: Coding) -> Match:
        """Compare purposes; one that nobody stated is never what a permit wants, and perhaps what a refusal means."""
        if self._purpose is None:
            return Match.MAYBE
        if purpose.code != self._purpose:
            return Match.NO
        if purpose.key.system in _REASONS or not _PUBLISHED.fullmatch(self._purpose):
            return Match.YES
        return Match.MAYBE

    def _among(self, actors: list[Actor]) -> Match:
        """Look for the requester among the recipients; an actor in a role that is not understood may be one."""
        recipients = [one for one in actors if not one.roles or one.roles & _RECIPIENTS]
        doubtful = [one for one in actors if one not in recipients and not one.roles <= _DISCLOSERS]
        if not recipients:
            return Match.MAYBE
        return max(
            some(self._is(one.names) for one in recipients),
            min(Match.MAYBE, some(self._is(one.names) for one in doubtful)),
        )

    def _is(self, names: Names) -> Match:
        if names.identifiers & self._actors or literals_meet(names.literals, self._literals):
            return Match.YES
        if any(
            value == other and "" in (system, one) for system, value in names.identifiers for one, other in self._actors
        ):
            return Match.MAYBE
        if names.identifiers or (names.literals and self._only_literals) or not self._actors:
            return Match.NO if self._actors else Match.MAYBE
        return Match.MAYBE


def _shares(action: Coding) -> Match:
    if action.key.system not in {"", _ACTIONS}:
        return Match.MAYBE
    return Match.YES if action.code in _SHARING else Match.NO if action.code in _NOT_SHARING else Match.MAYBE
