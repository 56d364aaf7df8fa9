"""Text in a field is 7-bit, has no delimiter in it, and comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.hl7v2.escaping import EscapeError, escape, tokens, unescape

ANY = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize("field", ["\\", "a\\b", "\\Q\\", "\\X\\", "\\X4\\", "\\Xzz\\", "\\XFF\\", "\\F", "\\x41\\"])
def test_a_sequence_that_is_not_ours_is_refused_without_repeating_it(field: str) -> None:
    with pytest.raises(EscapeError) as refused:
        unescape(field)
    assert field not in str(refused.value)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(EscapeError):
        escape("\ud800")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("a|b", "a\\F\\b"),
        ("a^b", "a\\S\\b"),
        ("a&b", "a\\T\\b"),
        ("a~b", "a\\R\\b"),
        ("a\\b", "a\\E\\b"),
        ("a\nb", "a\\.br\\b"),
        ("a\rb", "a\\X0D\\b"),
        ("Peña", "Pe\\XC3B1\\a"),
        ("\\F\\", "\\E\\F\\E\\"),
    ],
)
def test_there_and_back(text: str, field: str) -> None:
    assert escape(text) == field
    assert unescape(field) == text


@given(ANY)
def test_any_text_comes_back(text: str) -> None:
    field = escape(text)
    assert unescape(field) == text
    assert field.isascii()
    assert not set("|^&~\r\n\t\x00\x7f") & set(field)
    assert len(tokens(text)) == len(text)
