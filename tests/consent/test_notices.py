"""Obsolete statements of 2.32 are known by their words (P2-50); where they may not stand, architecture tests say."""

import pytest

from consent.notices import NOTICES, obsolete_in


class TestObsoleteTexts:
    """P2-50: earlier statements are refused, in whatever line breaks."""

    @pytest.mark.parametrize(
        "words",
        [
            ("The federal rules restrict any use of", "the information to criminally investigate or prosecute"),
            ("federal rules restrict any use of the", "information to investigate or prosecute with regard to a crime"),
            ("42 CFR part 2 PROHIBITS unauthorized", "disclosure of these records."),
            ("prohibit you from making any further", "disclosure of information in this record"),
        ],
    )
    def test_each(self, words: tuple[str, str]) -> None:
        assert len(obsolete_in(" ".join(words))) == 1
        assert len(obsolete_in("\n  ".join(words))) == 1
        assert obsolete_in(words[0]) == obsolete_in(words[1]) == ()

    def test_ours_are_not(self) -> None:
        assert [obsolete_in(each.text) for each in NOTICES.values()] == [(), ()]
