"""A decision in words: for staff every finding, for a requester no reason, for the participant plain sentences."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from consent.decision import Decision, Finding, State
from consent.disclosure import Clearance
from consent.model import Item
from consent.notices import NOTICES
from consent.redaction import redact

NOTHING_TO_SHARE: Final = "nothing helpful to share at this time"
_TELLING: Final = frozenset({State.SATISFIED, State.VIOLATED, State.UNKNOWN, State.ERROR})
_PLAIN: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "permit": "Somebody asked about you, and was told what you or the law allows: {what}.",
        "deny": "Somebody asked about you. Nothing was told.",
        "basis": "What it rested on: {bases}.",
        "consent": "your own signed consent",
        "2.51": "a medical emergency",
        "order": "a court order",
        "164.506": "treatment by those who care for you",
        "164.512(k)(5)": "health care while you were in custody",
        "stop": "You can stop what you have allowed at any time, by saying so.",
    },
    "es": {
        "permit": "Alguien preguntó por usted y recibió lo que usted o la ley permite: {what}.",
        "deny": "Alguien preguntó por usted. No se dijo nada.",
        "basis": "En qué se basó: {bases}.",
        "consent": "su propio consentimiento firmado",
        "2.51": "una emergencia médica",
        "order": "una orden judicial",
        "164.506": "el tratamiento de quienes le atienden",
        "164.512(k)(5)": "la atención médica durante su detención",
        "stop": "Usted puede detener en cualquier momento lo que ha permitido; basta con decirlo.",
    },
}


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
    """Return every finding that says something, one a line, for a privacy officer. No names, no content."""
    head = [f"{decision.outcome}: request {decision.id}, {decision.purpose}, under {decision.rulebook}"]
    released = [f"released {each.item} on {each.basis}" for each in decision.released]
    withheld = [f"withheld {each.item}: {', '.join(each.because)}" for each in decision.withheld]
    findings = [_line(finding) for finding in decision.findings if finding.state in _TELLING]
    return "\n".join([*head, *released, *withheld, *findings])


def _line(finding: Finding) -> str:
    about = f" [{', '.join(finding.evidence)}]" if finding.evidence else ""
    return f"{finding.state.value} {finding.rule}{about}: {finding.because} ({'; '.join(finding.cites)})"


def for_participant(decision: Decision, language: str = "en") -> str:
    """Return plain sentences for the participant, in English or Spanish (`language` as in `es` or `es-MX`)."""
    words = _PLAIN.get(language.partition("-")[0].lower(), _PLAIN["en"])
    if decision.outcome != "permit":
        return words["deny"]
    what = ", ".join(sorted({released.category.value for released in decision.released}))
    bases = {released.basis.partition(":")[0] for released in decision.released}
    sentences = [
        words["permit"].format(what=what),
        words["basis"].format(bases=", ".join(words[b] for b in sorted(bases))),
    ]
    if "consent" in bases:
        sentences.append(words["stop"])
    return " ".join(sentences)
