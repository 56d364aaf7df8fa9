"""A second evaluator of decision cases: from the page straight to an answer, slow and obvious, on the plain JSON.

Each sentence of the page is one function `(look) -> bool` whose docstring says the sentence in our words. A basis is a
list of sentences; it covers an item when none of them fails. There is no cleverness here on purpose.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.evaluator.consents import CONSENT
from tests.evaluator.grants import GRANT
from tests.evaluator.look import Json, Look, blank
from tests.evaluator.others import CUSTODY, EMERGENCY, ORDER, TREATMENT, is_part2
from tests.evaluator.page import HEALTH
from tests.evaluator.stops import ALWAYS, STOPPABLE

Sentence = Callable[[Look], bool]


class Basis(NamedTuple):
    """One thing that could cover an item, and the sentences that keep it from doing so."""

    name: str
    failing: tuple[str, ...]


def _basis(name: str, look: Look, *sentences: Sentence) -> Basis:
    return Basis(name, tuple(sentence.__name__ for sentence in sentences if not sentence(look)))


def bases(case: Json, item: Json) -> Iterator[Basis]:
    """Every basis there could be for one item, in the order in which one that holds is named.

    First consent grants in file order, then orders in file order, then the others, of which no two hold at once.
    """
    for consent in case["facts"]["consents"]:
        for grant in consent["grants"]:
            look = Look(case, item, consent=consent, grant=grant)
            yield _basis(f"consent:{consent['id']}/{grant['id']}", look, *ALWAYS, *STOPPABLE, *CONSENT, *GRANT)
    for order in case["facts"]["court_orders"]:
        yield _basis(f"order:{order['id']}", Look(case, item, order=order), *ALWAYS, *ORDER)
    look = Look(case, item)
    yield _basis("2.51", look, *ALWAYS, *EMERGENCY)
    yield _basis("164.506", look, *ALWAYS, *STOPPABLE, *TREATMENT)
    yield _basis("164.512(k)(5)", look, *ALWAYS, *STOPPABLE, *CUSTODY)


def asked(case: Json) -> list[str]:
    """The ids asked for, each once; everything on record for the participant where `items` is left out."""
    request = case["request"]
    if "items" not in request:
        return [one["id"] for one in case["facts"]["record"] if one["participant"] == request["participant"]]
    return list(dict.fromkeys(request["items"]))


def evaluate(case: Json) -> dict[str, Any]:
    """The whole answer: outcome, released (item, basis, part2) in the order asked, withheld ids, obligations."""
    record = {one["id"]: one for one in case["facts"]["record"]}
    released = []
    for name in asked(case):
        item = record.get(name)
        holding = [basis.name for basis in bases(case, item) if not basis.failing] if item else []
        if item and holding:
            released.append({"item": name, "basis": holding[0], "part2": is_part2(Look(case, item))})
    gone = {one["item"] for one in released}
    return {
        "outcome": "permit" if released else "deny",
        "released": released,
        "withheld": {name for name in asked(case) if name not in gone},
        "obligations": _obligations(case, released),
    }


def near_misses(case: Json) -> set[str]:
    """The sentences of which one alone keeps a basis from covering an item that is asked for and withheld."""
    withheld = evaluate(case)["withheld"]
    items = [one for one in case["facts"]["record"] if one["id"] in withheld]
    return {basis.failing[0] for item in items for basis in bases(case, item) if len(basis.failing) == 1}


def _obligations(case: Json, released: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """What each release carries, as (kind, detail): version, by whom, or what is owed."""
    on_consent = [one for one in released if one["basis"].startswith("consent:")]
    owed: set[tuple[Any, ...]] = set()
    if [one for one in on_consent if one["part2"]]:
        owed |= {("notice", "2.32-2024-statement-1"), ("consent-scope", None)}
    if on_consent and Look(case).kind not in HEALTH:
        owed.add(("approval", "case-manager"))
    if [one for one in released if one["basis"].startswith("order:")]:
        owed |= {("approval", "counsel"), ("approval", "privacy-officer")}
    if [one for one in released if one["basis"] == "2.51"]:
        owed.add(("document-emergency", _owed_for_an_emergency(case)))
    return owed


def _owed_for_an_emergency(case: Json) -> tuple[str, ...]:
    """A blank nature or discloser is still to be written down."""
    emergency = case["request"]["emergency"]
    return tuple(sorted(name for name in ("nature", "discloser") if blank(emergency[name])))
