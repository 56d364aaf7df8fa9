"""Who is whom: first all that must not be certain, then what is."""

from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.lead.custody import PersonDescription, PersonName
from mappings.lead.matching import Candidate, load_weights, match, normal_identifier, normal_name

WEIGHTS = load_weights()
BORN = date(1990, 4, 5)
TESTINA = PersonName("Testina", "Fir")
SPRUCE = PersonName("Tess", "Spruce")
SID = ("sid", "WA1234567")
FBI = ("fbi", "A1B2C3D4")
INMATE = ("jail:cedar:inmate", "INM-177")
SSN = ("ssn-last-4", "3456")


def person(names=(TESTINA,), aliases=(), born=BORN, identifiers=()):
    return PersonDescription(tuple(names), tuple(aliases), born, tuple(identifiers))


def known(participant="p-1", names=(TESTINA,), aliases=(), born=BORN, identifiers=(SID,)):
    return Candidate(participant, tuple(names), tuple(aliases), born, tuple(identifiers))


def result(described, *candidates):
    found = match(described, candidates, WEIGHTS)
    assert (found.participant is not None) == (found.result == "certain")
    return found.result


class TestNone:
    def test_nobody_to_compare_with(self):
        assert result(person(identifiers=(SID,))) == "none"

    def test_nothing_known_on_either_side(self):
        assert result(person((), born=None), known(names=(), born=None, identifiers=())) == "none"

    @pytest.mark.parametrize(
        "described",
        [
            person((PersonName("Wrenna", "Alder"),)),
            person((PersonName("Wrenna", "Alder"),), born=None),
            person(born=date(1971, 11, 30)),
            person((PersonName("Testina", None),)),
            person((PersonName(None, "Fir"),), identifiers=(("sid", "WA7654321"),)),
            person((PersonName("Wrenna", "Fir"),), born=date(1971, 11, 30), identifiers=(SSN,)),
        ],
    )
    def test_a_birth_date_or_a_name_or_half_a_name_alone(self, described):
        assert result(described, known(identifiers=(SID, SSN))) == "none"

    @pytest.mark.parametrize("value", ["", "0", "N/A", "UNKNOWN", "0000000", "-------"])
    def test_placeholders_never_agree(self, value):
        described = person((PersonName("Wrenna", "Alder"),), born=date(1971, 1, 1), identifiers=(("sid", value),))
        assert result(described, known(identifiers=(("sid", value),))) == "none"

    def test_the_same_value_of_another_system(self):
        described = person((PersonName("Wrenna", "Alder"),), identifiers=(("fbi", SID[1]),))
        assert result(described, known()) == "none"


class TestDoubtful:
    @pytest.mark.parametrize(
        "described",
        [
            person(),
            person((PersonName("TESTINA", "FIR"),)),
            person((SPRUCE,), aliases=(TESTINA,)),
            person((PersonName("Fir", "Testina"),)),
            person((PersonName("Testinna", "Fir"),)),
            person(born=None),
            person(born=date(1990, 5, 4)),
            person(born=date(1991, 4, 5)),
            person(identifiers=(SSN, INMATE)),
            person((SPRUCE,), identifiers=(SSN,)),
            person(identifiers=(("sid", "WA7654321"),)),
            person(identifiers=(("sid", "WA7654321"), SSN, INMATE)),
        ],
    )
    def test_without_a_strong_identifier_it_is_never_more(self, described):
        assert result(described, known(identifiers=(SID, SSN, INMATE))) == "doubtful"

    @pytest.mark.parametrize("born", [None, date(1990, 5, 4), date(1960, 1, 1)])
    def test_a_strong_identifier_without_the_same_birth_date(self, born):
        assert result(person(born=born, identifiers=(SID,)), known()) == "doubtful"
        assert result(person(identifiers=(SID,)), known(born=born)) == "doubtful"

    def test_one_strong_identifier_agrees_and_another_does_not(self):
        described = person(identifiers=(SID, ("fbi", "Z9Y8X7W6")))
        assert result(described, known(identifiers=(SID, FBI))) == "doubtful"

    def test_two_candidates_that_would_each_be_certain(self):
        found = match(person(identifiers=(SID,)), [known("p-1"), known("p-2")], WEIGHTS)
        assert (found.result, found.participant) == ("doubtful", None)
        assert set(found.candidates) == {"p-1", "p-2"}
        assert "several-candidates" in found.because

    def test_one_certain_and_one_with_the_same_strong_identifier(self):
        assert result(person(identifiers=(SID,)), known("p-1"), known("p-2", born=None)) == "doubtful"


class TestCertain:
    @pytest.mark.parametrize("identifier", [SID, FBI])
    def test_a_strong_identifier_and_the_birth_date(self, identifier):
        found = match(person((SPRUCE,), identifiers=(identifier,)), [known(identifiers=(SID, FBI))], WEIGHTS)
        assert (found.result, found.participant, found.candidates) == ("certain", "p-1", ("p-1",))
        assert "strong_identifier_same" in found.because

    def test_beside_others_who_merely_resemble(self):
        others = known("p-2", identifiers=()), known("p-3", names=(SPRUCE,), identifiers=(("sid", "WA7654321"),))
        for order in permutations((known("p-1"), *others)):
            assert match(person(identifiers=(SID,)), order, WEIGHTS).participant == "p-1"

    def test_identifiers_written_differently(self):
        assert result(person(identifiers=(("sid", " wa-123 4567 "),)), known()) == "certain"


class TestBecause:
    def test_no_value_is_ever_told(self):
        found = match(person(identifiers=(SID, SSN)), [known(identifiers=(SID, SSN))], WEIGHTS)
        told = repr(found.because)
        for value in ("Testina", "Fir", "1990", "WA1234567", "3456"):
            assert value.casefold() not in told.casefold()


WORDS = st.sampled_from(["Testina", "Fir", "Wrenna", "Alder", "Finch", "Oakley", "Testinna", "De la Peña"])
NAMES = st.builds(PersonName, st.none() | WORDS, st.none() | WORDS)
DATES = st.none() | st.sampled_from([BORN, date(1990, 5, 4), date(1991, 4, 5), date(1960, 1, 1)])
IDENTIFIERS = st.lists(
    st.tuples(
        st.sampled_from(["sid", "fbi", "jail:cedar:inmate", "ssn-last-4"]), st.sampled_from(["1234", "9876", "0000"])
    ),
    max_size=4,
).map(tuple)
SOME_NAMES = st.lists(NAMES, max_size=2).map(tuple)
PEOPLE = st.builds(PersonDescription, SOME_NAMES, SOME_NAMES, DATES, IDENTIFIERS)
CANDIDATES = st.lists(
    st.builds(Candidate, st.sampled_from(["p-1", "p-2", "p-3"]), SOME_NAMES, SOME_NAMES, DATES, IDENTIFIERS),
    max_size=4,
    unique_by=lambda candidate: candidate.participant,
)


class TestProperties:
    @settings(max_examples=300)
    @given(PEOPLE, CANDIDATES)
    def test_certain_needs_a_strong_identifier_and_the_birth_date(self, described, candidates):
        found = match(described, candidates, WEIGHTS)
        if found.result == "certain":
            (chosen,) = [
                each
                for each in candidates
                if each.birth_date == described.birth_date is not None
                and any(i in each.identifiers for i in described.identifiers if i[0] in {"sid", "fbi"})
                and each.participant == found.participant
            ]
            assert found.candidates == (chosen.participant,)

    @settings(max_examples=200)
    @given(PEOPLE, CANDIDATES)
    def test_a_second_equal_candidate_is_never_certain(self, described, candidates):
        for each in candidates:
            twin = replace(each, participant="p-twin")
            if match(described, [each], WEIGHTS).result == "certain":
                assert match(described, [*candidates, twin], WEIGHTS).result != "certain"

    @settings(max_examples=200)
    @given(PEOPLE, CANDIDATES, st.randoms())
    def test_case_and_spaces_of_names_change_nothing(self, described, candidates, random):
        def rewritten(name):
            change = random.choice(
                [str.upper, str.lower, lambda text: f"  {text} ", lambda text: text.replace(" ", "-")]
            )
            return replace(name, given=name.given and change(name.given), family=name.family and change(name.family))

        other = replace(described, names=tuple(map(rewritten, described.names)))
        assert match(other, candidates, WEIGHTS) == match(described, candidates, WEIGHTS)

    @settings(max_examples=200)
    @given(PEOPLE, CANDIDATES)
    def test_the_order_of_candidates_does_not_decide(self, described, candidates):
        turned = match(described, candidates[::-1], WEIGHTS)
        found = match(described, candidates, WEIGHTS)
        assert (turned.result, turned.participant) == (found.result, found.participant)


class TestNormal:
    def test_names(self):
        assert normal_name("De la  Peña-Ray") == normal_name("DELAPENARAY") == "delapenaray"
        assert normal_name(None) == normal_name(" -' ") == ""

    def test_identifiers(self):
        assert normal_identifier(" wa-123 4567 ") == "WA1234567"
        assert normal_identifier("none") is None


class TestTable:
    def test_only_fingerprint_based_identifiers_are_strong(self):
        assert WEIGHTS.strong == {"sid", "fbi"}

    def test_no_single_agreement_but_name_or_inmate_number_is_enough_to_be_looked_at(self):
        enough = {name for name, points in WEIGHTS.points.items() if points >= WEIGHTS.doubtful_from}
        assert enough == {"name_same", "weak_identifier_same"}
