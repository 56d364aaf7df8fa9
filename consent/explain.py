"""A decision in words: for staff every finding, for a requester no reason, for the participant plain sentences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from consent.codes import Purpose
from consent.decision import Decision, Finding, Obligation, State
from consent.disclosure import Clearance
from consent.model import Item, Organization
from consent.notices import NOTICES
from consent.redaction import redact
from consent.wording_en import ENGLISH
from consent.wording_es import SPANISH
from consent.wording_staff import UNLOCKS
from consent.wording_table import PlainWords

NOTHING_TO_SHARE: Final = "nothing helpful to share at this time"
LANGUAGES: Final[Mapping[str, PlainWords]] = {words.language: words for words in (ENGLISH, SPANISH)}
_AGAINST: Final = frozenset({State.VIOLATED, State.UNKNOWN, State.ERROR})
_NO_BASIS: Final = "basis.none"
_NO_ITEM: Final = "item.known"


def neutral_answer() -> dict[str, Any]:
    """Return the one answer for every denial. It echoes nothing of the request (2.13(c)(2), GR-03)."""
    return {"answer": "nothing-to-share", "text": NOTHING_TO_SHARE}


def for_requester(decision: Decision, clearance: Clearance | None) -> dict[str, Any]:
    """Return what a requester may see: what is cleared, with statement and scope, or the neutral answer.

    Never how much was withheld, or that anything was.
    """
    if clearance is None or decision.outcome != "permit":
        return neutral_answer()
    told = [(item.item, item.category.value, item.resource) for item in clearance.items]
    statement = None if clearance.notice is None else clearance.notice.text
    return _told(statement, [clearance.scope] if clearance.scope else [], told)


def preview(decision: Decision, record: Sequence[Item]) -> dict[str, Any]:
    """Return what a requester would see, without clearing anything: the answer of `decide`, which sends nothing."""
    items = {item.id: item for item in record if item.participant == decision.participant}
    told = [
        (each.item, each.category.value, _redacted(items[each.item], each.fields))
        for each in decision.released
        if each.item in items
    ]
    if decision.outcome != "permit" or not told:
        return neutral_answer()
    notice = next((NOTICES[o.version].text for o in decision.obligations if o.kind == "notice" and o.version), None)
    return _told(notice, [o.text for o in decision.obligations if o.kind == "consent-scope" and o.text], told)


def _redacted(item: Item, fields: Iterable[str]) -> Mapping[str, Any] | None:
    return None if item.resource is None else redact(item.resource, frozenset(fields))


def _told(
    statement: str | None, scope: Sequence[str], items: Iterable[tuple[str, str, Mapping[str, Any] | None]]
) -> dict[str, Any]:
    resources = []
    for name, category, resource in items:
        entry: dict[str, Any] = {"item": name, "category": category}
        resources.append(entry if resource is None else {**entry, "resource": resource})
    return {"answer": "disclosed", "statement": statement, "scope": list(scope), "resources": resources}


def explain(decision: Decision) -> str:
    """Return the decision for a privacy officer: what leaves and why, what stays, what would unlock it, every finding.

    One thing a line, findings in the order in which they were made, each with its citations. No names, no content.
    """
    return "\n".join(_lines(decision))


def _lines(decision: Decision) -> Iterator[str]:
    yield f"{decision.outcome}: request {decision.id}, {decision.purpose}, under {decision.rulebook}"
    for released in decision.released:
        yield f"released {released.item} on {released.basis}"
    for obligation in decision.obligations:
        yield f"owed with it: {_owed(obligation)}"
    for withheld in decision.withheld:
        yield f"withheld {withheld.item}: {', '.join(withheld.because)}"
    for rule in dict.fromkeys(rule for each in decision.withheld for rule in each.because):
        yield f"to unlock {rule}: {UNLOCKS.get(rule, 'a privacy officer looks at the rule')}"
    for finding in decision.findings:
        yield _line(finding)


def _owed(obligation: Obligation) -> str:
    detail = obligation.version or obligation.by or ", ".join(obligation.owed)
    cited = f" ({'; '.join(obligation.cites)})" if obligation.cites else ""
    return f"{obligation.kind}{f' {detail}' if detail else ''}{cited}"


def _line(finding: Finding) -> str:
    ids = [*("/".join(thing) for thing in finding.things if thing), *finding.items]
    about = f" [{', '.join(ids)}]" if ids else ""
    return f"{finding.state.value} {finding.rule}{about}: {finding.because} ({'; '.join(finding.cites)})"


def for_participant(decision: Decision, language: str = "en", requester: Organization | None = None) -> str:
    """Return plain sentences for the participant: who asked, what for, what was told, why, and how to stop it.

    For a denial, or for a decision that was carried out: a permit that nobody has acted on yet has told nothing.
    `language` as in `es` or `es-MX`; English where there are no words for it. `requester`: who asked, where it is
    registered; no other organization is ever named, for that somebody is cared for somewhere is a disclosure itself.
    """
    words = LANGUAGES.get(language.partition("-")[0].lower(), ENGLISH)
    who = None if requester is None or requester.id != decision.requester else requester
    sentences = [words.asked.format(words.somebody if who is None else words.kinds[who.kind])]
    if who is not None:
        sentences.append(words.called.format(who.name))
    if decision.purpose in words.purposes:
        sentences.append(words.purpose.format(words.purposes[Purpose(decision.purpose)]))
    return " ".join(
        [*sentences, *(_was_told(decision, words) if decision.released else _was_not_told(decision, words))]
    )


def _was_told(decision: Decision, words: PlainWords) -> Iterator[str]:
    told = {released.category for released in decision.released}
    bases = dict.fromkeys(released.basis.partition(":")[0] for released in decision.released)
    yield from (words.told.format(text) for category, text in words.categories.items() if category in told)
    yield from (words.bases[basis] for basis in bases)
    yield from dict.fromkeys(words.stops[basis] for basis in bases)
    if decision.withheld:
        yield words.kept_back
        yield from _reasons(decision, words)


def _was_not_told(decision: Decision, words: PlainWords) -> Iterator[str]:
    yield words.nothing
    yield from _reasons(decision, words)
    yield words.nothing_to_stop


def _reasons(decision: Decision, words: PlainWords) -> Iterable[str]:
    """Return why things stay, each reason once: of each thing the first reason there is words for.

    Reasons come in the order of the rules, so what forbids is said before what is lacking. Staff see them all.
    """
    because = [each.because for each in decision.withheld] or [_of_the_request(decision)]
    return dict.fromkeys(words.reasons[_first(rules, words)] for rules in because)


def _first(rules: Iterable[str], words: PlainWords) -> str:
    return next((rule for rule in rules if rule in words.reasons), _NO_BASIS)


def _of_the_request(decision: Decision) -> tuple[str, ...]:
    """Return what speaks against a request for nothing that there is: findings of no single consent, order or item."""
    against = (each.rule for each in decision.findings if each.state in _AGAINST and not each.evidence)
    return (*(rule for rule in against if rule != _NO_BASIS), _NO_ITEM)
