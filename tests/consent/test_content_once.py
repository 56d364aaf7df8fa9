"""A county's Bundle says the same things a thousand times: each is looked up once, and told every time."""

from collections import Counter
from typing import Any

import pytest

from consent.content import Reading
from consent.sensitivity import OPAQUE
from tests.consent.small_tables import ICD, OPIOID, PSY, Counted, tables


class TestOnce:
    """A county's Bundle says the same things a thousand times: each is looked up once and told every time."""

    def test_a_code(self) -> None:
        looked_in = tables()
        one = {"system": ICD, "code": "F11"}
        reading = Reading(looked_in)
        assert [reading.bits_of(one) for _ in range(3)] == [OPIOID] * 3
        assert isinstance(looked_in.systems, Counted)
        assert looked_in.systems.asked == {ICD: 1}

    def test_a_code_without_a_system(self) -> None:
        looked_in = tables()
        reading = Reading(looked_in)
        assert [reading.bits_of({"code": "H0020"}) for _ in range(3)] == [OPIOID] * 3
        assert isinstance(looked_in.systems, Counted)
        assert looked_in.systems.asked == {"": 1}

    def test_a_text(self) -> None:
        looked_in = tables()
        reading = Reading(looked_in)
        assert [reading.bits_of({"data": "heroin"}) for _ in range(3)] == [OPIOID] * 3
        assert isinstance(looked_in.words, Counted)
        assert looked_in.words.asked == {"her": 1}

    def test_a_text_that_tells_is_told_every_time(self) -> None:
        """What is remembered as clean must not learn what is not, from whatever stood beside it."""
        reading = Reading(tables())
        for _ in range(2):
            assert reading.bits_of({"a": "heroin", "b": "plain"}) == OPIOID
            assert reading.bits_of({"a": "plain", "b": "data:image/png;base64,QUJD"}) == OPAQUE
            assert reading.bits_of({"b": "data:image/png;base64,QUJD"}) == OPAQUE
            assert reading.bits_of({"a": "plain"}) == 0

    def test_a_word_that_tells_nothing(self) -> None:
        looked_in = tables()
        reading = Reading(looked_in)
        for text in ("plain", "other", "plain words", "plain", "other words"):
            assert reading.bits_of({"note": text}) == 0
        assert isinstance(looked_in.words, Counted)
        assert looked_in.words.asked == {"pla in": 1, "oth in": 1, "wor in": 1}

    def test_a_part_of_a_resource(self) -> None:
        asked: Counter[str] = Counter()

        def counted(_content_type: str, data: str) -> str:
            asked[data] += 1
            return data

        one = {"resourceType": "Basic", "content": {"data": "heroin"}, "extension": [{"data": "psych"}]}
        reading = Reading(tables(text_of=counted))
        assert [reading.bits_of(one) for _ in range(3)] == [OPIOID | PSY] * 3
        assert asked == {"heroin": 1, "psych": 1}

    @pytest.mark.parametrize(("length", "times"), [(2048, 1), (2049, 3)])
    def test_only_a_short_part_is_remembered(self, length: int, times: int) -> None:
        asked: Counter[str] = Counter()

        def counted(_content_type: str, data: str) -> str:
            asked[data] += 1
            return data

        reading = Reading(tables(text_of=counted, written=lambda _value: b"x" * length))
        for _ in range(3):
            reading.bits_of({"resourceType": "Basic", "content": {"data": "heroin"}})
        assert asked == {"heroin": times}

    @pytest.mark.parametrize(("around", "times"), [(0, 1), (3, 1), (4, 3)])
    def test_parts_are_remembered_four_resources_deep(self, around: int, times: int) -> None:
        asked: Counter[str] = Counter()

        def counted(_content_type: str, data: str) -> str:
            asked[data] += 1
            return data

        reading = Reading(tables(text_of=counted))
        for number in range(3):
            one: Any = {"resourceType": "Basic", "content": {"data": "heroin"}}
            for _ in range(around):
                one = {"resourceType": "Bundle", "entry": [{"resource": one, "number": number}]}
            assert reading.bits_of(one) == OPIOID
        assert asked == {"heroin": times}

    def test_however_many_were_read_before(self) -> None:
        """The depth of one resource is not counted on to the next, or a deep one would go too deep for Python."""
        reading = Reading(tables(written=lambda _value: None))
        for _ in range(2000):
            reading.bits_of({"resourceType": "Basic", "a": {"note": "plain"}})
        deep: Any = {"note": "heroin"}
        for _ in range(1500):
            deep = {"resourceType": "Bundle", "entry": [{"resource": deep}]}
        assert reading.bits_of(deep) == OPIOID

    @pytest.mark.parametrize("written", [lambda _value: None, hash])
    def test_what_cannot_be_written_is_read_each_time(self, written: Any) -> None:
        """`hash` of an object raises TypeError, as a writer does that goes too deep."""
        reading = Reading(tables(written=written))
        found = [
            reading.bits_of({"resourceType": "Basic", "a": {"note": note}}) for note in ("plain", "heroin", "psych")
        ]
        assert found == [0, OPIOID, PSY]
