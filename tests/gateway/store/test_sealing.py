"""Sealed data opens in its own place only; tokens find equal values and tell nothing else."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.sealing import (
    DataKey,
    SealedDataError,
    blocking_token,
    framed,
    letters_of,
    new_secret,
    open_sealed,
    person_tokens,
    phonetic,
    seal,
)

KEY = DataKey("key-1", b"k" * 32)
PLACE = {"table": "participant", "row": "1", "column": "sealed"}
texts = st.text(max_size=12)
places = st.tuples(texts, texts, texts)


class TestRefused:
    @given(places, places, st.binary(max_size=40))
    def test_a_ciphertext_in_another_place(
        self, here: tuple[str, str, str], there: tuple[str, str, str], plain: bytes
    ) -> None:
        sealed = seal(KEY, plain, table=here[0], row=here[1], column=here[2])
        if here == there:
            assert open_sealed(KEY, sealed, table=there[0], row=there[1], column=there[2]) == plain
            return
        with pytest.raises(SealedDataError):
            open_sealed(KEY, sealed, table=there[0], row=there[1], column=there[2])

    @given(st.binary(min_size=1, max_size=40), st.data())
    def test_any_changed_bit(self, plain: bytes, data: st.DataObject) -> None:
        sealed = bytearray(seal(KEY, plain, **PLACE))
        sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        with pytest.raises(SealedDataError):
            open_sealed(KEY, bytes(sealed), **PLACE)

    @given(st.binary(max_size=60))
    def test_any_bytes_that_were_never_sealed(self, junk: bytes) -> None:
        with pytest.raises(SealedDataError):
            open_sealed(KEY, junk, **PLACE)

    @pytest.mark.parametrize("other", [DataKey("key-2", KEY.secret), DataKey(KEY.id, b"x" * 32)])
    def test_another_key_id_or_secret(self, other: DataKey) -> None:
        with pytest.raises(SealedDataError):
            open_sealed(other, seal(KEY, b"x", **PLACE), **PLACE)

    def test_boundaries_between_the_parts_cannot_be_moved(self) -> None:
        sealed = seal(KEY, b"x", table="ab", row="c", column="d")
        with pytest.raises(SealedDataError):
            open_sealed(KEY, sealed, table="a", row="bc", column="d")

    def test_the_error_tells_nothing_of_content_or_key(self) -> None:
        sealed = seal(KEY, b"Ray Alder", **PLACE)
        with pytest.raises(SealedDataError) as caught:
            open_sealed(KEY, sealed, table="participant", row="Ray Alder", column="sealed")
        assert "Alder" not in str(caught.value)
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize("length", [0, 16, 31, 33])
    def test_a_key_of_another_length(self, length: int) -> None:
        with pytest.raises(ValueError, match="`secret`: must be 32 bytes"):
            DataKey("x", b"k" * length)


class TestSealing:
    @given(st.binary(max_size=200))
    def test_it_opens_where_it_was_sealed(self, plain: bytes) -> None:
        assert open_sealed(KEY, seal(KEY, plain, **PLACE), **PLACE) == plain

    def test_equal_plaintexts_seal_differently(self) -> None:
        assert len({seal(KEY, b"same", **PLACE) for _ in range(100)}) == 100

    def test_the_secret_does_not_show(self) -> None:
        key = DataKey("x", new_secret())
        assert repr(key) == "DataKey(id='x')"

    @given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
    def test_framing_is_injective(self, one: list[str], other: list[str]) -> None:
        assert (framed(*one) == framed(*other)) == (one == other)


def _tokens(family: str, born: date | None = date(1984, 3, 9), **more: object) -> set[tuple[str, str]]:
    return set(person_tokens(family=family, birth_date=born, **more))  # type: ignore[arg-type]  # reason: shorthand


class TestBlocking:
    def test_a_token_depends_on_key_kind_and_value(self) -> None:
        token = blocking_token(KEY, "identifier", "a")
        assert len(token) == 16
        assert token == blocking_token(KEY, "identifier", "a")
        others = [
            blocking_token(DataKey("key-1", b"x" * 32), "identifier", "a"),
            blocking_token(KEY, "birth-date", "a"),
            blocking_token(KEY, "identifier", "b"),
            blocking_token(KEY, "identifie", "ra"),
        ]
        assert token not in others

    def test_what_is_not_known_gives_no_token(self) -> None:
        assert _tokens("", None) == set()
        assert {kind for kind, _ in _tokens("Alder", None)} == {"surname-prefix"}
        assert {kind for kind, _ in _tokens("", identifiers=[("sid", "  ")])} == {"birth-date"}

    def test_a_person_has_all_four_kinds(self) -> None:
        found = _tokens("Alder", identifiers=[("sid", "WA123")])
        assert {kind for kind, _ in found} == {"birth-date", "surname-year", "surname-prefix", "identifier"}
        assert ("birth-date", "1984-03-09") in found
        assert ("surname-prefix", "ald") in found

    def test_an_identifier_compares_without_case_and_blanks_but_with_its_system(self) -> None:
        one = _tokens("", None, identifiers=[("sid", "wa 123")])
        assert one == _tokens("", None, identifiers=[("sid", "WA123")])
        assert one != _tokens("", None, identifiers=[("mrn", "WA123")])
        assert _tokens("", None, identifiers=[("a", "b|c")]) != _tokens("", None, identifiers=[("a|b", "c")])

    @pytest.mark.parametrize(
        ("one", "other"), [("Alder", "ALDER"), ("Muñoz", "Munoz"), ("O'Fir", "OFir"), ("Łąka", "Laka"), ("Fir", "Fyr")]
    )
    def test_spellings_of_one_name_meet(self, one: str, other: str) -> None:
        assert phonetic(one) == phonetic(other)
        assert _tokens(one) & _tokens(other) > _tokens("")

    def test_a_name_in_another_script_keeps_its_letters(self) -> None:
        assert letters_of("王") == phonetic("王") == "王"
        assert ("surname-prefix", "王") in _tokens("王")

    @given(st.text(max_size=20))
    def test_no_name_breaks_it(self, name: str) -> None:
        assert {kind for kind, _ in _tokens(name)} <= {"birth-date", "surname-year", "surname-prefix"}
