"""A case is read strictly: each kind of bad input is refused in one line that names the field, and repeats no value."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.engine import decide
from mappings.lead.case import CaseError, parse_case, read_case, render

CORPUS = Path(__file__).parents[2] / "corpus"
CASE = json.loads((CORPUS / "a-plain-answer.json").read_text("utf-8"))
GRANT = ("facts", "consents", 0, "grants", 0)
Change = Callable[[dict[str, Any]], None]


def reach(case: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        case = case[step]
    return case


def put(*path: Any, value: Any) -> Change:
    def change(case: dict[str, Any]) -> None:
        reach(case, path[:-1])[path[-1]] = value

    return change


def drop(*path: Any) -> Change:
    def change(case: dict[str, Any]) -> None:
        del reach(case, path[:-1])[path[-1]]

    return change


def twice(*path: Any) -> Change:
    def change(case: dict[str, Any]) -> None:
        things = reach(case, path)
        things.append(copy.deepcopy(things[0]))

    return change


def changed(*changes: Change) -> str:
    case = copy.deepcopy(CASE)
    for change in changes:
        change(case)
    return json.dumps(case)


def refusal(text: str | bytes) -> str:
    with pytest.raises(CaseError) as found:
        read_case(text)
    message = str(found.value)
    assert "\n" not in message
    return message


NEEDED = [
    ("title",),
    ("request",),
    ("facts",),
    *[("request", name) for name in ("id", "at", "requester", "participant", "purpose")],
    ("request", "person", "role"),
    *[("facts", name) for name in CASE["facts"]],
    *[("facts", "site", name) for name in CASE["facts"]["site"]],
    *[("facts", "organizations", 0, name) for name in ("id", "name", "kind", "part2_status", "hipaa_status")],
    *[("facts", "participants", 0, name) for name in ("id", "screened", "enrolled")],
    *[("facts", "consents", 0, name) for name in CASE["facts"]["consents"][0]],
    ("facts", "consents", 0, "form", "language"),
    ("facts", "consents", 0, "signer", "capacity"),
    *[(*GRANT, name) for name in ("id", "discloser", "recipient", "purposes", "categories", "expires")],
    *[("facts", "record", 0, name) for name in ("id", "participant", "category", "source", "created")],
]


class TestKeys:
    @pytest.mark.parametrize("path", NEEDED, ids=lambda path: ".".join(map(str, path)))
    def test_one_is_missing(self, path: tuple[Any, ...]) -> None:
        assert str(path[-1]) in refusal(changed(drop(*path)))

    @pytest.mark.parametrize(
        "path",
        [(), ("request",), ("request", "person"), ("facts",), ("facts", "site"), ("facts", "consents", 0), GRANT],
        ids=str,
    )
    def test_one_is_unknown(self, path: tuple[Any, ...]) -> None:
        assert "unknown key" in refusal(changed(put(*path, "Ray Alder", value=1)))
        assert "Alder" not in refusal(changed(put(*path, "Ray Alder", value=1)))

    @pytest.mark.parametrize("name", ["Bcc", "$schema", "_x", "a.b-c", "a" * 64])
    def test_an_unknown_name_is_told(self, name: str) -> None:
        assert refusal(changed(put("facts", name, value=1))) == f"`facts.{name}`: unknown key"

    @pytest.mark.parametrize("name", ["", "Ray Alder", "1a", "a" * 65, "é", "a`", "a\n"])
    def test_an_odd_name_is_not(self, name: str) -> None:
        assert refusal(changed(put("facts", name, value=1))) == "`facts.?`: unknown key"

    @pytest.mark.parametrize(
        "path",
        [
            ("request", "person"),
            ("request", "items"),
            ("request", "attested"),
            ("facts", "participants", 0, "birth_date"),
        ],
        ids=str,
    )
    def test_one_may_be_left_out(self, path: tuple[Any, ...]) -> None:
        read_case(changed(drop(*path)))

    def test_a_name_twice(self) -> None:
        assert "twice" in refusal(changed().replace('"title"', '"title": "x", "title"', 1))
        told = refusal(changed().replace('"expires"', '"expires": "none", "expires"', 1))
        assert told == "`facts.consents[0].grants[0]`: must not hold one name twice: `expires`"

    def test_even_where_nobody_looks(self) -> None:
        assert "twice" in refusal(changed(drop("expect"))[:-1] + ', "expect": {"a": 1, "a": 2}}')

    @pytest.mark.parametrize("value", [None, 7, [], "deny", {"outcome": 3}])
    def test_expect_is_ignored(self, value: Any) -> None:
        assert read_case(changed(put("expect", value=value))) == read_case(changed())


class TestTypes:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("title",), None),
            (("request",), []),
            (("request", "id"), 1),
            (("request", "attested"), 1),
            (("request", "attested"), "true"),
            (("request", "attested"), None),
            (("request", "items"), "i1"),
            (("request", "items"), [1]),
            (("request", "items"), None),
            (("request", "person"), None),
            (("request", "emergency"), True),
            (("facts", "site", "cj_2_35_enabled"), 0),
            (("facts", "organizations"), {}),
            (("facts", "organizations", 0), "org:fern-cm"),
            (("facts", "organizations", 0, "agreement_expires"), None),
            (("facts", "organizations", 0, "classes"), "treating-providers"),
            (("facts", "participants", 0, "in_custody"), "false"),
            (("facts", "participants", 0, "screened"), None),
            (("facts", "consents", 0, "patient_name"), None),
            (("facts", "consents", 0, "counsel_present"), 1),
            (("facts", "consents", 0, "events"), None),
            (("facts", "consents", 0, "cj"), "none"),
            ((*GRANT, "discloser"), "org:fern-cm"),
            ((*GRANT, "recipient"), [None]),
            ((*GRANT, "expires"), 1800000000),
            ((*GRANT, "role"), None),
            (("facts", "record", 0, "source"), 7),
            (("facts", "record", 0, "resource"), None),
            (("facts", "record", 0, "resource"), []),
            (("facts", "holds"), [{"participant": "p1", "at": "2026-11-24T12:00:00Z", "grants": "g1"}]),
            (("facts", "holds"), [{"participant": "p1", "at": "2026-11-24T12:00:00Z", "grants": None}]),
        ],
        ids=str,
    )
    def test_another_than_shown(self, path: tuple[Any, ...], value: Any) -> None:
        assert str(path[-1]) in refusal(changed(put(*path, value=value)))

    @pytest.mark.parametrize(
        "text", ["", "[]", "7", "null", "{", "{'a': 1}", "nonsense", "{}{}", '{"title": NaN}', "\ufeff{}"]
    )
    def test_no_case_at_all(self, text: str) -> None:
        refusal(text)

    @pytest.mark.parametrize(
        "content",
        [
            b"\xff\xfe{}",
            b'{"title": "\xe9"}',
            b'{"title": "\\ud800"}',
            "{" + '"a":{' * 5000 + "}" * 5001,
            "[" * 100_000,
            '{"title": 1e999}',
            '{"title": ' + "9" * 5000 + "}",
            "\ud800",
        ],
    )
    def test_what_no_reader_should_take(self, content: str | bytes) -> None:
        refusal(content)

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_a_number_that_is_none(self, number: str) -> None:
        bad = changed(put("facts", "record", 0, "resource", value={"resourceType": "Observation", "valueDecimal": 1.5}))
        assert "finite" in refusal(bad.replace("1.5", number)) or number == "-Infinity"


class TestCodes:
    @pytest.mark.parametrize(
        "path",
        [
            ("request", "purpose"),
            ("facts", "site", "legal_role"),
            ("facts", "organizations", 0, "kind"),
            ("facts", "organizations", 0, "part2_status"),
            ("facts", "organizations", 0, "hipaa_status"),
            ("facts", "consents", 0, "kind"),
            ("facts", "consents", 0, "integrity"),
            ("facts", "consents", 0, "signer", "capacity"),
            ("facts", "record", 0, "category"),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("value", ["", "Progress ", "PROSECUTOR", "*"])
    def test_unknown(self, path: tuple[Any, ...], value: str) -> None:
        message = refusal(changed(put(*path, value=value)))
        assert "unknown code" in message
        assert str(path[-1]) in message

    def test_in_lists(self) -> None:
        assert "purposes[0]" in refusal(changed(put(*GRANT, "purposes", value=["everything"])))
        assert "categories[1]" in refusal(changed(put(*GRANT, "categories", value=["progress", "all"])))
        assert "classes[0]" in refusal(changed(put("facts", "organizations", 0, "classes", value=["payers"])))

    @pytest.mark.parametrize("name", ["class:", "class:everybody", "class:treating-providers "])
    def test_a_class(self, name: str) -> None:
        assert "unknown class" in refusal(changed(put(*GRANT, "recipient", value=[name])))

    @pytest.mark.parametrize("name", ["*", "law enforcement", "Class:x", ""])
    def test_a_recipient_that_names_nobody_is_a_text(self, name: str) -> None:
        read_case(changed(put(*GRANT, "recipient", value=[name])))

    @pytest.mark.parametrize(
        "zone", ["", "Fern", "america/los_angeles", "America", "../etc/passwd", "PST8PDT/", "localtime", "/UTC"]
    )
    def test_a_time_zone(self, zone: str) -> None:
        assert "time zone" in refusal(changed(put("facts", "site", "timezone", value=zone)))


class TestMoments:
    @pytest.mark.parametrize(
        "at",
        [
            "2026-11-24T12:00:00",
            "2026-11-24",
            "2026-11-24 12:00:00-08:00",
            "2026-11-24T12-08:00",
            "2026-11-24T12:00.5-08:00",
            "2026-11-24t12:00:00Z",
            "2026-11-24T12:00:00-0800",
            "2026-11-24T12:00:00 -08:00",
            "2026-02-30T12:00:00Z",
            "2026-11-24T25:00:00Z",
            "2026-11-24T12:00:00+24:00",
            "0000-01-01T00:00:00Z",
            "٢٠٢٦-11-24T12:00:00Z",
            "now",
            "",
        ],
    )
    def test_none(self, at: str) -> None:
        assert "request.at" in refusal(changed(put("request", "at", value=at)))

    @pytest.mark.parametrize(
        "at",
        [
            "2026-11-24T20:00:00Z",
            "2026-11-24T20:00:00z",
            "2026-11-24T20:00z",
            "2026-11-24T12:00-08:00",
            "2026-11-24T12:00:00.500-08:00",
            "2026-11-24T20:00:00.123456789+00:00",
        ],
    )
    def test_it_is_repeated_as_it_was_written(self, at: str) -> None:
        case = parse_case(changed(put("request", "at", value=at)))
        assert render(decide(case.request, case.facts), case.facts, case.at)["at"] == at

    @pytest.mark.parametrize("day", ["20261124", "2026-W48-2", "2026-11-24T00:00:00Z", "2026-13-01", "24.11.2026", ""])
    def test_no_day(self, day: str) -> None:
        assert "birth_date" in refusal(changed(put("facts", "participants", 0, "birth_date", value=day)))

    @pytest.mark.parametrize(
        "end", ["event:", "event:  ", "Event:release", "never", "", "2027-01-01", "2027-01-01T00:00:00"]
    )
    def test_no_end(self, end: str) -> None:
        assert "expires" in refusal(changed(put(*GRANT, "expires", value=end)))

    @pytest.mark.parametrize("end", ["event:release", "none", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
    def test_an_end(self, end: str) -> None:
        request, facts = read_case(changed(put(*GRANT, "expires", value=end)))
        assert decide(request, facts).findings


class TestIds:
    @pytest.mark.parametrize(
        "path",
        [
            ("facts", "organizations"),
            ("facts", "participants"),
            ("facts", "consents"),
            ("facts", "record"),
            ("facts", "consents", 0, "grants"),
        ],
        ids=str,
    )
    def test_twice_in_a_list(self, path: tuple[Any, ...]) -> None:
        message = refusal(changed(twice(*path)))
        assert "twice" in message
        assert str(path[-1]) in message

    def test_twice_among_orders(self) -> None:
        order = {
            "id": "o",
            "type": "2.64",
            "findings": [],
            "items": [],
            "recipient": "x",
            "expires": "2027-01-01T00:00:00Z",
        }
        assert "court_orders[1]" in refusal(changed(put("facts", "court_orders", value=[order, order])))

    def test_one_grant_id_in_two_consents(self) -> None:
        read_case(changed(twice("facts", "consents"), put("facts", "consents", 1, "id", value="c2")))

    def test_what_is_not_in_the_file_is_no_error(self) -> None:
        request, facts = read_case(
            changed(put("request", "requester", value="org:x"), put("request", "participant", value="p9"))
        )
        assert decide(request, facts).outcome == "deny"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PLACES = [(), *{path[:-1] for path in NEEDED if path[:-1]}, *NEEDED]


@settings(max_examples=120, deadline=None)
@given(st.sampled_from([path for path in PLACES if path]), JSON)
def test_nothing_but_a_refusal_or_a_decision(path: tuple[Any, ...], value: Any) -> None:
    try:
        request, facts = read_case(changed(put(*path, value=value)))
    except CaseError as error:
        assert "\n" not in str(error)  # noqa: PT017  -- either way is fine, a traceback is not
        return
    decision = decide(request, facts)
    json.dumps(render(decision, facts), ensure_ascii=False).encode()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40) | st.text(max_size=40))
def test_any_bytes(content: str | bytes) -> None:
    with pytest.raises(CaseError):
        read_case(content)
