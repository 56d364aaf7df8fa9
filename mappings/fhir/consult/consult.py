"""The answer to one consultation: the hook's card, and the resources that may flow.

What the card says holds for the Consents as written. It has no effect under 42 CFR Part 2 until a person has verified
the elements of each Consent (2.31), and nothing leaves this gateway by it: see gateway.disclosure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from consent.sensitivity import SensitivityTables
from mappings.fhir import codes
from mappings.fhir.consult.asking import Asked
from mappings.fhir.consult.bundle import Content, entries, read_content
from mappings.fhir.consult.consents import Brought, Standing, read_consents
from mappings.fhir.consult.content import Resource
from mappings.fhir.consult.elements import Coding, Json
from mappings.fhir.consult.match import Match
from mappings.fhir.consult.names import Directory
from mappings.fhir.consult.obligations import obligations
from mappings.fhir.consult.persons import Persons
from mappings.fhir.consult.question import Question
from mappings.fhir.consult.verdicts import Verdict, of_consent, on_question, on_resource, together

PERMIT: Final = "CONSENT_PERMIT"
DENY: Final = "CONSENT_DENY"
NONE: Final = "NO_CONSENT"
_DECISIONS: Final = {Verdict.PERMIT: PERMIT, Verdict.REFUSE: DENY, Verdict.UNLISTED: DENY, None: NONE}
_INDICATORS: Final = {PERMIT: "info", DENY: "critical", NONE: "warning"}
_DETAILS: Final = {
    PERMIT: "A consent permits this, within the obligations.",
    DENY: "A consent refuses this.",
    NONE: "No consent speaks of this.",
}
_KEPT: Final = ("fullUrl", "resource", "search")


@dataclass(frozen=True, slots=True)
class _Case:
    question: Question
    brought: Brought
    content: Content
    asked: tuple[Asked, ...]
    any_purpose: bool


def consult(
    question: Question, *, at: datetime, any_purpose: bool = False, tables: SensitivityTables | None = None
) -> Json:
    """Answer a question as of `at` (aware).

    `any_purpose`: of several purposes one that is permitted is enough.
    `tables`: codes and words by which content is labelled beside its own labels. What shows a sensitivity is refused
    by it, whatever it is labelled; what is not labelled, was read and shows none passes a refusal of labels. No permit
    is widened: one of labels reaches only what is labelled.

    The card: `summary`, `detail`, `indicator`, `source`, and `extension` with `decision`, `obligations`, `basedOn` and,
    where content was given, `content`: a Bundle of those of its resources that may flow, each unchanged.
    INVARIANT: one Consent that cannot be read denies everything until a person has looked.
    """
    case = _case(question, at, tables, any_purpose=any_purpose)
    found = None if case.brought.faults else _decide(case)
    decision = DENY if case.brought.faults else _DECISIONS[found]
    permitted = decision == PERMIT
    based = _based_on(case, found)
    extension: Json = {"decision": decision, "obligations": _obligations(case) if permitted else []}
    extension |= {"basedOn": based[0]} if based else {}
    extension |= {"alsoBasedOn": based[1:]} if based[1:] else {}
    if question.content is not None:
        extension["content"] = _content(case, question.content, permitted=permitted)
    return {
        "summary": decision,
        "detail": _detail(case, decision),
        "indicator": _INDICATORS[decision],
        "source": {"label": "lead-gateway", "url": codes.BASE},
        "extension": extension,
    }


def _case(question: Question, at: datetime, tables: SensitivityTables | None, *, any_purpose: bool) -> _Case:
    brought_along = [*(("", one) for one in question.directory), *entries(question.content)]
    directory = Directory(brought_along)
    persons = Persons(question.patients, brought_along)
    brought = read_consents(question, directory, persons, at)
    purposes: Sequence[str | None] = question.purposes or (None,)
    asked = tuple(Asked(question.actors, purpose, at) for purpose in purposes)
    content = read_content(question.content, directory, persons, at.tzinfo or UTC, tables)
    return _Case(question, brought, content, asked, any_purpose)


def _decide(case: _Case) -> Verdict | None:
    wanted = case.question.classes or (None,)
    return _over_purposes(case, [_best(_on_question(case, one, w) for w in wanted) for one in case.asked])


def _on_question(case: _Case, asked: Asked, wanted: Coding | None) -> Verdict | None:
    judge = on_question(asked, wanted)
    return together(of_consent(one, judge) for one in case.brought.standing)


def _best(found: Iterable[Verdict | None]) -> Verdict | None:
    """Of several classes one that may flow is enough: the others are redacted."""
    said = set(found)
    return Verdict.PERMIT if Verdict.PERMIT in said else together(said)


def _over_purposes(case: _Case, found: Sequence[Verdict | None]) -> Verdict | None:
    """Join purposes: each must be permitted, or with any_purpose one, and none refused."""
    if case.any_purpose or Verdict.REFUSE in found:
        return together(found)
    if Verdict.UNLISTED in found:
        return Verdict.UNLISTED
    return Verdict.PERMIT if found and all(one is Verdict.PERMIT for one in found) else None


def _obligations(case: _Case) -> list[Json]:
    ordered = sorted(case.brought.standing, key=lambda one: (one.name, repr(one.root)))
    return obligations(ordered, case.asked, case.question.classes)


def _based_on(case: _Case, found: Verdict | None) -> list[str]:
    """Name the consents that made the decision, sorted."""
    if case.brought.faults:
        return sorted({name for name, _ in case.brought.faults if name})
    if found is None:
        return []
    wanted = case.question.classes or (None,)
    judges = [on_question(one, w) for one in case.asked for w in wanted]
    speaking = [one for one in case.brought.standing if any(of_consent(one, judge) is found for judge in judges)]
    return sorted({one.name for one in speaking if one.name})


def _detail(case: _Case, decision: str) -> str:
    if not case.brought.faults:
        return _DETAILS[decision]
    return f"A consent cannot be read, so nothing may flow until a person has looked: {case.brought.faults[0][1]}."


def _content(case: _Case, bundle: Json, *, permitted: bool) -> Json:
    """Make the Bundle of what may flow. Links, counts and labels of the given one stay behind."""
    kept = [entry for entry in bundle["entry"] if permitted and _may_flow(case, entry)]
    entries = [{key: entry[key] for key in _KEPT if key in entry} for entry in kept]
    made: Json = {"resourceType": "Bundle"} | {key: bundle[key] for key in ("id", "type") if key in bundle}
    return made | ({"total": len(entries)} if "total" in bundle else {}) | {"entry": entries}


def _may_flow(case: _Case, entry: Any) -> bool:
    """Tell whether an entry may flow: a Bundle flows whole or not at all."""
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return False
    url = entry.get("fullUrl")
    if not _flows(case, case.content.resource(url if isinstance(url, str) else "", resource)):
        return False
    inner = resource.get("entry", []) if resource["resourceType"] == "Bundle" else []
    return isinstance(inner, list) and all(_may_flow(case, one) for one in inner)  # empty passes: nothing inside


def _flows(case: _Case, resource: Resource) -> bool:
    said = [together(_on_resource(case, one, asked, resource) for one in case.brought.standing) for asked in case.asked]
    return _over_purposes(case, said) is Verdict.PERMIT


def _on_resource(case: _Case, consent: Standing, asked: Asked, resource: Resource) -> Verdict | None:
    found = of_consent(consent, on_resource(asked, resource))
    theirs = case.content.about(resource, consent) is Match.YES
    return found if theirs or found is not Verdict.PERMIT else None
