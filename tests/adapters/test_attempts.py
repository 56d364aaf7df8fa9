"""What a recipient's answer means, whatever it writes into its headers."""

import pytest

from adapters.attempts import retry_after

SENT = "Tue, 24 Nov 2026 10:00:00 GMT"


class TestRetryAfter:
    @pytest.mark.parametrize(
        "value",
        [
            "",
            "soon",
            "-1",
            "9" * 40,
            "Tue, 24 Nov 99999999999 10:00:00 GMT",
            "Tue, 24 Nov 2026 99999999999999999999:00:00 GMT",
            "Tue, 24 Nov 2026 10:00:00 +99999999999999",
        ],
    )
    def test_what_is_none_is_passed_over(self, value: str) -> None:
        assert retry_after({"retry-after": value, "date": SENT}) is None
        assert retry_after({"retry-after": "Tue, 24 Nov 2026 10:00:09 GMT", "date": value}) is None

    def test_seconds_and_a_date(self) -> None:
        assert retry_after({"retry-after": "9"}) == 9
        assert retry_after({"retry-after": "Tue, 24 Nov 2026 10:00:09 GMT", "date": SENT}) == 9
