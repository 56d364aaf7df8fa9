"""Every rule, and every state that it can take: shown by a case of the corpus, or by a scene where no file can show it.

The table below says which states a rule has. A rule that is not in it fails, as does a state that nothing shows, and
one that turns up without being in it. On what each rule says what, see test_rules_*.py.
"""

from collections.abc import Callable
from functools import cache
from typing import Final

import pytest

from consent.decision import State
from consent.engine import decide
from consent.rules import RULES
from consent.rules.rule import Rule, Verdict
from mappings.lead.case import read_case
from tests.consent.builders import P, consent, facts, grant, item, judged, matter
from tests.consent.sample import sample
from tests.corpus.test_corpus import HERE

S, V, N, U = State.SATISFIED, State.VIOLATED, State.NOT_APPLICABLE, State.UNKNOWN
LETTERS: Final = {"s": S, "v": V, "n": N, "u": U}
TABLE: Final = {
    # who stands before us; "not known" is not "not there"
    "requester.known": "su",
    "participant.known": "su",
    "requester.agreement": "svu",
    "consents.readable": "svu",
    "participant.hold": "svu",
    "item.participant": "sv",
    "participant.restriction": "svnu",
    "item.part2": "s",
    # what for
    "purpose.against-participant": "sv",
    "purpose.intelligence": "vn",
    "purpose.fundraising": "vn",
    "purpose.multiple-enrollment": "vn",
    "purpose.justice": "svnu",
    "purpose.monitoring": "svn",
    "purpose.proceeding": "svnu",
    "purpose.research": "sn",
    "purpose.audit": "sn",
    "purpose.public-health": "sn",
    # a consent: its elements
    "consent.name": "sv",
    "consent.how-to-revoke": "sv",
    "consent.redisclosure-warning": "sv",
    "consent.refusal-consequences": "sv",
    "consent.signer": "sv",
    "consent.dated": "sv",
    "consent.reliable": "sv",
    "consent.not-revoked": "sv",
    "requester.attested": "svnu",
    "consent.capacity": "svu",
    "consent.own-name": "svn",
    # a consent: its kind
    "tpo.purpose": "svn",
    "tpo.statement": "svn",
    "tpo.since-2024": "svn",
    "tpo.recipient": "svnu",
    "notes.recipient": "svnu",
    "notes.named": "svn",
    "proceeding.alone": "svn",
    "proceeding.terms": "svn",
    "cj.purpose": "svn",
    "cj.enabled": "svn",
    "cj.terms": "svn",
    "cj.monitor": "svn",
    # a grant, alone and with an item
    "grant.recipient": "svu",
    "grant.class": "svn",
    "grant.role": "svnu",
    "grant.purpose": "sv",
    "grant.unexpired": "svu",
    "grant.not-revoked": "sv",
    "grant.not-held": "svu",
    "grant.proceeding-alone": "sv",
    "grant.notes-alone": "sv",
    "grant.notes-category": "svn",
    "grant.discloser": "sv",
    "grant.category": "sv",
    "grant.record-dates": "svn",
    "grant.ceiling": "svnu",
    # a court order; an order is not for every purpose, and that is no fault of it
    "order.purpose": "sn",
    "order.civil-findings": "svn",
    "order.criminal-findings": "svn",
    "order.of-the-holder": "vn",
    "order.mandate": "sv",
    "order.recipient": "sv",
    "order.unexpired": "sv",
    "order.listed": "sv",
    "order.no-note": "sv",
    # what needs no paper
    "emergency.declared": "svn",
    "emergency.personnel": "svn",
    "emergency.named": "svn",
    "emergency.needed": "svn",
    "treatment.asked": "svn",
    "custody.asked": "svn",
    "jail-health.custody": "svnu",
    "hipaa.not-part2": "svn",
    "hipaa.no-note": "svn",
    "hipaa.source": "svn",
    # what may pass
    "item.redaction": "svn",
}
TELLS: Final = {"item.part2", "purpose.research", "purpose.audit", "purpose.public-health"}
PAIRS = [(name, state) for name, letters in TABLE.items() for state in map(LETTERS.__getitem__, letters)]
GIVEN = consent(grant())
# What no file can show: something that could not be loaded, and what `decide` need not ask once a basis is out of play.
SCENES: Final[dict[tuple[str, State], Callable[[], Verdict]]] = {
    ("consents.readable", U): lambda: judged("consents.readable", matter(None, facts(consents=None))),
    ("participant.hold", U): lambda: judged("participant.hold", matter(None, facts(holds=None))),
    ("participant.restriction", U): lambda: judged(
        "participant.restriction", matter(None, facts(restrictions=None)), item()
    ),
    ("purpose.proceeding", U): lambda: judged(
        "purpose.proceeding", matter({"purpose": P.PROCEEDING}, facts(court_orders=None))
    ),
    ("grant.not-held", U): lambda: judged("grant.not-held", matter(None, facts(holds=None)), GIVEN, GIVEN.grants[0]),
    ("grant.ceiling", U): lambda: judged(
        "grant.ceiling", matter({"requester": "nobody"}), GIVEN, GIVEN.grants[0], item()
    ),
    ("emergency.personnel", N): lambda: judged("emergency.personnel", matter()),
    ("emergency.named", N): lambda: judged("emergency.named", matter({"emergency": None, "purpose": P.TREATMENT})),
    ("emergency.needed", N): lambda: judged("emergency.needed", matter(), item()),
    ("hipaa.not-part2", N): lambda: judged("hipaa.not-part2", matter(), item()),
    ("hipaa.no-note", N): lambda: judged("hipaa.no-note", matter(), item()),
    ("hipaa.source", N): lambda: judged("hipaa.source", matter(), item()),
}


@cache
def shown() -> dict[tuple[str, State], str]:
    """Which case of the corpus shows which rule in which state; the first one that does."""
    found: dict[tuple[str, State], str] = {}
    for path in sorted(HERE.glob("*.json")):
        for finding in decide(*read_case(path.read_bytes())).findings:
            found.setdefault((finding.rule, finding.state), path.stem)
    return found


def test_every_rule_is_in_the_table_once_and_in_order() -> None:
    assert list(TABLE) == [rule.id for rule in RULES]


def test_every_rule_can_speak_and_can_be_against() -> None:
    assert [name for name, letters in TABLE.items() if len(set(letters)) < 2] == ["item.part2"]
    assert {name for name, letters in TABLE.items() if not set(letters) & set("vu")} == TELLS | {"order.purpose"}


@pytest.mark.parametrize(("name", "state"), PAIRS, ids=str)
def test_the_state_is_shown(name: str, state: State) -> None:
    scene = SCENES.get((name, state))
    assert (name, state) in shown() if scene is None else scene().state is state


def test_scenes_are_of_the_table() -> None:
    assert set(SCENES) <= set(PAIRS)


def test_no_state_turns_up_that_is_not_in_the_table() -> None:
    known, ours = set(PAIRS), set(TABLE)
    met = {(f.rule, f.state) for asked, before in sample(500) for f in decide(asked, before).findings}
    assert {pair for pair in met | set(shown()) if pair[0] in ours} - known == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_cites_what_it_rests_on(rule: Rule) -> None:
    assert rule.cites
    assert all(cite.startswith(("42 CFR 2.", "45 CFR 164.", "LEAD GR-", "89 FR ")) for cite in rule.cites)
