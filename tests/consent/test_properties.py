"""What holds for every request: more stops never release more, less consent never releases more, order is nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consent.codes import Capacity, Category, ConsentKind, Integrity, OrderType, Purpose, RevocationMode
from consent.decision import Decision, State
from consent.engine import decide
from consent.facts import Facts
from consent.model import Consent, ConsentGrant, Event, Hold, Item, Person, Restriction, Revocation, Signer
from consent.request import DisclosureRequest, EmergencyDeclaration
from tests.consent.builders import ALL_FINDINGS, NOW, ORGANIZATIONS, TERMS, consent, facts, item, order, request

PURPOSES = [
    Purpose.CASE_ALIGNMENT,
    Purpose.TREATMENT,
    Purpose.CARE_COORDINATION,
    Purpose.PROCEEDING,
    Purpose.EMERGENCY,
    Purpose.CHARGING,
    Purpose.SUPERVISION_MONITORING,
]
CATEGORIES = [
    Category.PROGRESS,
    Category.MEDICATIONS,
    Category.MOUD,
    Category.DRUG_TESTS,
    Category.COUNSELING_NOTES,
    Category.MENTAL_HEALTH,
]
NAMES = sorted(ORGANIZATIONS)
NEAR = st.sampled_from([-1, 0, 1]).map(lambda seconds: NOW + timedelta(seconds=seconds))


def some(values: list[Any], smallest: int = 0) -> Any:
    return st.frozensets(st.sampled_from(values), min_size=smallest, max_size=4)


GRANTS = st.builds(
    ConsentGrant,
    id=st.sampled_from(["g1", "g2", "g3"]),
    discloser=some(["cm", "cm2", "otp", "ghost"], 1),
    recipient=some([*NAMES, "class:treating-providers", "*"], 1),
    purposes=some(PURPOSES, 1),
    categories=some(CATEGORIES, 1),
    expires=st.one_of(st.just(NOW + timedelta(days=9)), NEAR, st.sampled_from(["none", "event:release"])),
    role=st.sampled_from([None, "liaison-prosecutor"]),
)
STOPPED = st.one_of(st.just("all"), some(["g1", "g2", "g9"]))
REVOCATIONS = st.builds(Revocation, at=NEAR, grants=STOPPED, mode=st.sampled_from(list(RevocationMode)))


@st.composite
def consents(draw: st.DrawFn, name: str) -> Consent:
    grants = draw(st.lists(GRANTS, min_size=1, max_size=3, unique_by=lambda each: each.id))
    return consent(
        *grants,
        id=name,
        kind=draw(st.sampled_from(list(ConsentKind))),
        participant=draw(st.sampled_from(["p1", "p1", "p1", "p2"])),
        integrity=draw(st.sampled_from([Integrity.OK] * 4 + [Integrity.SUSPECT])),
        revocations=tuple(draw(st.lists(REVOCATIONS, max_size=1))),
        signer=draw(st.sampled_from([Signer("Ray Alder", Capacity.SELF), Signer("Ida", Capacity.GUARDIAN, "order")])),
        events=draw(st.sampled_from([None, (), (Event("release", NOW),)])),
        tpo_statement="may be",
        proceeding_cause="26-1",
        counsel_present=draw(st.sampled_from([True, None])),
        cj=TERMS,
    )


ITEMS = st.builds(
    item,
    identifier=st.sampled_from(["i1", "i2", "i3"]),
    category=st.sampled_from(CATEGORIES),
    source=st.sampled_from(["cm", "cm2", "otp", "hospital", "ghost", None]),
    participant=st.sampled_from(["p1", "p1", "p1", "p2"]),
)
HOLDS = st.builds(Hold, participant=st.sampled_from(["p1", "p2"]), at=NEAR, grants=STOPPED)
RESTRICTIONS = st.builds(
    Restriction,
    participant=st.just("p1"),
    organization=st.sampled_from(NAMES),
    agreed=st.booleans(),
    categories=st.none() | some(CATEGORIES),
)


@st.composite
def known(draw: st.DrawFn) -> Facts:
    record: list[Item] = draw(st.lists(ITEMS, min_size=1, max_size=3, unique_by=lambda each: each.id))
    orders = [order(type=t, recipient=r, findings=ALL_FINDINGS) for t in [OrderType.O2_64] for r in ["pa"]]
    return facts(
        consents=tuple(draw(consents(f"c{n}")) for n in range(draw(st.integers(0, 3)))),
        holds=tuple(draw(st.lists(HOLDS, max_size=1))),
        restrictions=tuple(draw(st.lists(RESTRICTIONS, max_size=1))),
        court_orders=tuple(draw(st.sampled_from([[], orders]))),
        record=tuple(record),
        ray={"treating": draw(st.sampled_from([None, frozenset({"clinic"})])), "in_custody": True},
        site={"cj_2_35_enabled": draw(st.booleans())},
    )


ASKED = st.builds(
    request,
    requester=st.sampled_from([*NAMES, "ghost"]),
    purpose=st.sampled_from(PURPOSES),
    person=st.sampled_from([None, Person("Judge Linden", "liaison-prosecutor"), Person("Dr. Elm", "physician")]),
    items=st.none() | st.just(("i1", "i2", "i3")),
    attested=st.sampled_from([True, None]),
    emergency=st.none() | st.just(EmergencyDeclaration("x", "Dr. Elm", "Brook Hospital", "y")),
)
quick = settings(max_examples=60, deadline=None)


def released(decision: Decision) -> set[str]:
    return {each.item for each in decision.released}


def answer(asked: DisclosureRequest, facts_: Facts) -> set[str]:
    decision = decide(asked, facts_)
    assert all(f.state is not State.ERROR for f in decision.findings)
    return released(decision)


class TestStopping:
    @quick
    @given(ASKED, known(), HOLDS)
    def test_a_hold_never_releases_more(self, asked: DisclosureRequest, before: Facts, hold: Hold) -> None:
        after = replace(before, holds=(*(before.holds or ()), hold))
        assert answer(asked, after) <= answer(asked, before)

    @quick
    @given(ASKED, known(), RESTRICTIONS)
    def test_a_restriction_never_releases_more(self, asked: DisclosureRequest, before: Facts, new: Restriction) -> None:
        after = replace(before, restrictions=(*(before.restrictions or ()), new))
        assert answer(asked, after) <= answer(asked, before)

    @quick
    @given(ASKED, known(), REVOCATIONS, st.integers(0, 2))
    def test_a_revocation_never_releases_more(
        self, asked: DisclosureRequest, before: Facts, new: Revocation, which: int
    ) -> None:
        changed = tuple(
            replace(each, revocations=(*each.revocations, new)) if n == which else each
            for n, each in enumerate(before.consents or ())
        )
        assert answer(asked, replace(before, consents=changed)) <= answer(asked, before)

    @quick
    @given(ASKED, known())
    def test_a_hold_on_everything_leaves_an_emergency_and_orders(self, asked: DisclosureRequest, before: Facts) -> None:
        after = replace(before, holds=(Hold("p1", NOW, "all"),))
        bases = {each.basis.partition(":")[0] for each in decide(asked, after).released}
        assert bases <= {"2.51", "order"}


class TestNarrowing:
    @quick
    @given(ASKED, known(), st.integers(0, 2))
    def test_without_a_consent_never_more(self, asked: DisclosureRequest, before: Facts, which: int) -> None:
        """Without holds: one on a grant that no consent has counts as all, so taking a consent away may stop more."""
        before = replace(before, holds=())
        fewer = tuple(each for n, each in enumerate(before.consents or ()) if n != which)
        assert answer(asked, replace(before, consents=fewer)) <= answer(asked, before)

    @quick
    @given(ASKED, known(), st.sampled_from(["discloser", "recipient", "categories"]), st.randoms())
    def test_a_narrower_grant_never_more(self, asked: DisclosureRequest, before: Facts, name: str, random: Any) -> None:
        """Purposes and notes are apart: taking the voiding one out of a grant heals it, as 2.31(b) and (d) want."""
        notes = {Category.COUNSELING_NOTES}

        def narrow(each: ConsentGrant) -> ConsentGrant:
            values = sorted(getattr(each, name))
            gone = random.choice(values)
            if name == "categories" and (gone in notes or set(values) & notes):
                return each
            return replace(each, **{name: frozenset(values) - {gone}})

        narrower = tuple(replace(each, grants=tuple(narrow(g) for g in each.grants)) for each in before.consents or ())
        assert answer(asked, replace(before, consents=narrower)) <= answer(asked, before)


class TestNotKnowing:
    @quick
    @given(ASKED, known(), st.sampled_from(["consents", "holds", "restrictions", "court_orders", "record"]))
    def test_what_is_not_loaded_never_helps(self, asked: DisclosureRequest, before: Facts, name: str) -> None:
        assert answer(asked, replace(before, **{name: None})) <= answer(asked, before)

    @quick
    @given(ASKED, known(), st.sampled_from(["birth_date", "in_custody", "treating"]))
    def test_what_is_not_known_of_a_person_never_helps(
        self, asked: DisclosureRequest, before: Facts, name: str
    ) -> None:
        ray = replace(before.participants["p1"], **{name: None})
        assert answer(asked, replace(before, participants={"p1": ray})) <= answer(asked, before)

    @quick
    @given(ASKED, known(), st.sampled_from(["person", "attested", "emergency"]))
    def test_what_a_request_leaves_out_never_helps(self, asked: DisclosureRequest, before: Facts, name: str) -> None:
        """A role or a promise that is left out: a grant that names no role does not ask for one."""
        assert answer(replace(asked, **{name: None}), before) <= answer(asked, before)


class TestOrder:
    @quick
    @given(ASKED, known(), st.randoms())
    def test_the_order_of_lists_is_nothing(self, asked: DisclosureRequest, before: Facts, random: Any) -> None:
        def shuffled(values: tuple[Any, ...] | None) -> tuple[Any, ...]:
            mixed = list(values or ())
            random.shuffle(mixed)
            return tuple(mixed)

        after = replace(
            before,
            consents=tuple(replace(each, grants=shuffled(each.grants)) for each in shuffled(before.consents)),
            holds=shuffled(before.holds),
            restrictions=shuffled(before.restrictions),
            court_orders=shuffled(before.court_orders),
            record=shuffled(before.record),
        )
        assert answer(asked, after) == answer(asked, before)

    @quick
    @given(ASKED, known())
    def test_the_same_question_has_the_same_answer(self, asked: DisclosureRequest, before: Facts) -> None:
        assert decide(asked, before) == decide(asked, before)


class TestAlways:
    @quick
    @given(ASKED, known())
    def test_invariants(self, asked: DisclosureRequest, before: Facts) -> None:
        decision = decide(asked, before)
        assert (decision.outcome == "permit") == bool(decision.released)
        assert not released(decision) & {each.item for each in decision.withheld}
        assert all(each.because for each in decision.withheld)
        owner = {each.id: each.participant for each in before.record or ()}
        assert all(owner[name] == "p1" for name in released(decision))
        part2 = [r for r in decision.released if r.part2 and r.basis.startswith("consent:")]
        kinds = [o.kind for o in decision.obligations]
        assert ("notice" in kinds) == ("consent-scope" in kinds) == bool(part2)
