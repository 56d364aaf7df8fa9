"""Who has to sign: a year, a day and a state too few, then enough (42 CFR 2.14, 2.15; P2-23, P2-24)."""

from datetime import date

import pytest

from consent.codes import Capacity
from consent.minors import Required, StateAges, required_signers, signing_faults
from consent.model import Signer

TABLE = {
    "WA": StateAges("WA", 13, 18, "test", "memory"),
    "NE": StateAges("NE", None, 19, "test", "memory"),
}
SIGNED = date(2026, 11, 24)
MINOR = Signer("Testina Fir", Capacity.SELF)
MOTHER = Signer("Ida Fir", Capacity.PARENT)
GUARDIAN = Signer("Gus Alder", Capacity.GUARDIAN, "order of 3 May")


def cures(required: Required, *signers: Signer) -> list[str]:
    return [each.cure for each in signing_faults(required, signers, "Testina Fir")]


class TestRequired:
    @pytest.mark.parametrize(
        ("born", "state", "required"),
        [
            (None, "WA", Required.UNKNOWN),
            (date(2026, 11, 25), "WA", Required.UNKNOWN),
            (date(2010, 1, 1), "ZZ", Required.UNKNOWN),
            (date(2008, 11, 25), "ZZ", Required.UNKNOWN),
            (SIGNED, "WA", Required.MINOR_AND_PARENT),
            (date(2013, 11, 25), "WA", Required.MINOR_AND_PARENT),
            (date(2013, 11, 24), "WA", Required.MINOR),
            (date(2008, 11, 25), "WA", Required.MINOR),
            (date(2008, 11, 24), "WA", Required.PARTICIPANT),
            (date(2008, 11, 24), "NE", Required.MINOR_AND_PARENT),
            (date(2007, 11, 24), "NE", Required.PARTICIPANT),
            (date(2008, 11, 24), "ZZ", Required.PARTICIPANT),
        ],
    )
    def test_by_age_and_state(self, born: date | None, state: str, required: Required) -> None:
        assert required_signers(born, SIGNED, state, TABLE) is required

    def test_born_on_a_leap_day(self) -> None:
        born = date(2012, 2, 29)
        assert required_signers(born, date(2025, 2, 28), "WA", TABLE) is Required.MINOR_AND_PARENT
        assert required_signers(born, date(2025, 3, 1), "WA", TABLE) is Required.MINOR

    def test_an_empty_table_lets_no_minor_sign(self) -> None:
        assert required_signers(date(2010, 1, 1), SIGNED, "WA", {}) is Required.UNKNOWN


class TestSigned:
    @pytest.mark.parametrize("signers", [(), (MINOR,), (MINOR, MOTHER)])
    def test_unknown_is_never_signed(self, signers: tuple[Signer, ...]) -> None:
        assert cures(Required.UNKNOWN, *signers)

    @pytest.mark.parametrize("required", list(Required))
    def test_nobody_signed(self, required: Required) -> None:
        assert cures(required)

    def test_a_parent_never_signs_for_an_adult(self) -> None:
        assert cures(Required.PARTICIPANT, MOTHER)

    def test_a_guardian_states_the_authority(self) -> None:
        assert cures(Required.PARTICIPANT, Signer("Gus Alder", Capacity.GUARDIAN, " "))
        assert cures(Required.PARTICIPANT, GUARDIAN) == []

    def test_another_name_is_not_the_participant(self) -> None:
        assert cures(Required.PARTICIPANT, Signer("Sam Example", Capacity.SELF))
        assert cures(Required.PARTICIPANT, MINOR) == []

    def test_a_minor_who_signs_alone_signs_alone(self) -> None:
        """A parent's signature would show a parent what only the minor may tell."""
        assert len(cures(Required.MINOR, MOTHER)) == 2
        assert len(cures(Required.MINOR, MINOR, MOTHER)) == 1
        assert cures(Required.MINOR, MINOR) == []

    def test_both_sign_where_both_must(self) -> None:
        assert cures(Required.MINOR_AND_PARENT, MINOR) == ["have a parent or guardian sign too"]
        assert cures(Required.MINOR_AND_PARENT, MOTHER) == ["have the minor sign too"]
        assert cures(Required.MINOR_AND_PARENT, MINOR, Signer("Gus Alder", Capacity.GUARDIAN))
        assert cures(Required.MINOR_AND_PARENT, MINOR, Signer(" ", Capacity.PARENT))
        assert cures(Required.MINOR_AND_PARENT, MINOR, MOTHER) == []
        assert cures(Required.MINOR_AND_PARENT, MINOR, GUARDIAN) == []

    def test_every_fault_has_its_citation(self) -> None:
        faults = [each for required in Required for each in signing_faults(required, (), "Testina Fir")]
        assert {each.cite for each in faults} == {"42 CFR 2.14", "42 CFR 2.15"}
        assert {each.element for each in faults} == {"P2-23", "P2-24"}
