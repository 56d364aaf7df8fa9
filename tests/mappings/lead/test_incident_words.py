"""What two people are told whose records were mixed up."""

import pytest

from mappings.lead.incident_words import LANGUAGES, for_other, for_participant


class TestWords:
    def test_another_language(self) -> None:
        with pytest.raises(KeyError):
            for_other("fr", "2026-01-01", "2026-01-02", [])

    @pytest.mark.parametrize("language", sorted(LANGUAGES))
    def test_each_hears_the_days_and_who_was_told(self, language: str) -> None:
        for write in (for_participant, for_other):
            told = write(language, "2026-01-01", "2026-01-02", ["Cedar Police", "Rowan House"])
            assert len(told) == 3
            assert "2026-01-01" in told[0]
            assert "2026-01-02" in told[0]
            assert "Cedar Police, Rowan House" in told[2]
            nobody = write(language, "2026-01-01", "2026-01-02", [])
            assert nobody[:2] == told[:2]
            assert "{" not in "".join(nobody + told)
