"""The sieve keeps back whatever the reading would find: with it and without it, the same is found of everything."""

import base64
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from consent.content import Reading
from consent.sensitivity import CodeTable, Word
from gateway.commands.bench_record import bundle
from mappings.tables.sensitivity import load_sensitivity
from mappings.tables.sieve import sieve

TABLES: Final = load_sensitivity()
UNSIEVED: Final = replace(TABLES, tells_nothing=lambda _value: False)
EVERY: Final = [table for several in (*TABLES.systems.values(), TABLES.unnamed) for table in several]
CODES: Final = sorted({code for table in EVERY for code in (*table.exact, *table.prefixes)})
WORDS: Final = sorted({word.text for several in TABLES.words.values() for word in several} | set(TABLES.capitals))
SYSTEMS: Final = [*sorted(TABLES.systems), "urn:x", ""]
MANGLED: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.lower,
    str.upper,
    str.title,
    lambda text: f" {text}",
    lambda text: f"{text[:2]} {text[2:]}",
    lambda text: f"{text[:2]}\t{text[2:]}",
    lambda text: f"{text}9",
    lambda text: f"{text}\n",
    lambda text: f"&#{ord(text[0])};{text[1:]}",
    lambda text: f"{text[0]}\u0301{text[1:]}",
    lambda text: f"{text[:1]}\u00ad{text[1:]}",
    lambda text: f'a "{text}" b',
    lambda text: f"x\n{text}",
    lambda text: f"\\{text}",
    lambda text: f"{text}.{text}",
)
MADE: Final = 600


def mangled(rnd: random.Random, several: list[str]) -> str:
    return rnd.choice(MANGLED)(rnd.choice(several))


def put_in(rnd: random.Random) -> Any:
    """Make something that tells, or nearly."""
    text = mangled(rnd, WORDS)
    written = base64.b64encode(text.encode()).decode()
    return rnd.choice(
        (
            {"system": rnd.choice(SYSTEMS), "code": mangled(rnd, CODES)},
            {"code": mangled(rnd, WORDS)},
            {"code": rnd.choice((1020, 55, 894, -1, True))},
            {rnd.choice(("data", "valueBase64Binary", "fixedBase64Binary")): written, "contentType": "text/plain"},
            {rnd.choice(("attachment", "photo", "content")): rnd.choice(({"url": "x"}, [{"url": "x"}]))},
            {"valueAttachment": {"url": "x", "data": "QQ=="}},
            "<img src='data:a;base64,QQ'/>",
            mangled(rnd, CODES),
            [text],
            text,
            "plain",
        )
    )


def placed(rnd: random.Random, resource: Any) -> Any:
    """Put one such thing somewhere into a copy of a resource."""
    copy = deepcopy(resource)
    node = copy
    while True:
        inner = [each for each in (node.values() if type(node) is dict else node) if type(each) in (dict, list)]
        if not inner or rnd.random() < 0.4:
            break
        node = rnd.choice(inner)
    if type(node) is dict:
        node[rnd.choice(("note", "extension", "x", "display", "text", "code"))] = put_in(rnd)
    else:
        node.append(put_in(rnd))
    return copy


def generated() -> Iterator[Any]:
    """Yield resources as senders write them, most with something put in; the same each time."""
    rnd = random.Random(7)  # noqa: S311  -- test data
    base = [each["resource"] for each in bundle(200)["entry"]]
    for _ in range(MADE):
        resource = rnd.choice(base)
        yield placed(rnd, resource) if rnd.random() < 0.8 else resource


class TestAgreement:
    def test_with_the_sieve_and_without_the_same_is_found(self) -> None:
        for resource in generated():
            assert Reading(TABLES).bits_of(resource) == Reading(UNSIEVED).bits_of(resource), resource

    def test_read_together_as_well(self) -> None:
        several = [*generated()]
        assert Reading(TABLES).bits_of_each(several) == Reading(UNSIEVED).bits_of_each(several)

    def test_both_ways_are_well_tried(self) -> None:
        nothing = [TABLES.tells_nothing(resource) for resource in generated()]
        found = [Reading(UNSIEVED).bits_of(resource) > 0 for resource in generated()]
        assert nothing.count(True) > MADE // 5
        assert found.count(True) > MADE // 4
        assert sum(not one and not other for one, other in zip(nothing, found, strict=True)) > MADE // 20

    def test_no_code_slips_through(self) -> None:
        made = {code: {"resourceType": "Condition", "code": {"coding": [{"code": code}]}} for code in CODES}
        assert [code for code, resource in made.items() if TABLES.tells_nothing(resource)] == []

    def test_no_word_slips_through(self) -> None:
        made = {word: {"resourceType": "Basic", "text": {"div": f"<p>{word}</p>"}} for word in WORDS}
        assert [word for word, resource in made.items() if TABLES.tells_nothing(resource)] == []


class TestWhatNobodyCanSay:
    @pytest.mark.parametrize("value", [{1, 2}, {"at": object()}, {1: "plain"}, {"n": 1 << 90}])
    def test_what_cannot_be_written(self, value: Any) -> None:
        assert not TABLES.tells_nothing(value)

    @pytest.mark.parametrize("text", ["caf\u00e9", "\u0130", "K\u212a"])
    def test_what_is_not_plain_letters(self, text: str) -> None:
        assert not TABLES.tells_nothing({"text": text})

    def test_a_plain_resource_tells_nothing(self) -> None:
        assert TABLES.tells_nothing({"resourceType": "Observation", "status": "final", "note": 'said "well"'})
        assert TABLES.tells_nothing({"at": datetime(2026, 11, 24, tzinfo=UTC)})

    def test_a_table_without_codes_finds_words(self) -> None:
        tells_nothing = sieve([CodeTable({}, {}, ())], [Word("heroin", 1, whole=False, pattern=None)], {})
        assert tells_nothing({"code": "F11.20"})
        assert not tells_nothing({"text": "Heroin."})

    def test_a_table_without_words_finds_codes(self) -> None:
        tells_nothing = sieve([CodeTable({"B20": 1}, {"F11": 1}, (3,))], [], {})
        assert tells_nothing({"text": "heroin", "code": "B201"})
        assert not tells_nothing({"code": "b20"})
        assert not tells_nothing({"code": "F1120"})
