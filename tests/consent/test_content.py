"""Reading a record against small invented tables: what tells is found wherever it is written, and found once.

tests/consent/test_labels.py asks the same of the tables of the house; here each way of writing stands alone.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from consent.content import Reading, _plain, find, system_name
from consent.sensitivity import OPAQUE, CodeTable, Word
from tests.consent.small_tables import HIV, ICD, ICD_TABLE, OID, OPIOID, PSY, SDV, bits, tables


class TestCodes:
    def test_in_its_own_system_only(self) -> None:
        assert bits({"system": ICD, "code": "F11.20"}) == OPIOID
        assert bits({"system": ICD, "code": "H0020"}) == 0
        assert bits({"system": ICD, "code": "I10"}) == 0

    @pytest.mark.parametrize("code", ["f11.20", "F 11.20", " F11.20 ", "F11", "F\t1\n1"])
    def test_in_any_case_with_blanks_anywhere(self, code: str) -> None:
        assert bits({"system": ICD, "code": code}) == OPIOID

    def test_a_short_prefix_and_a_long_one_both_tell(self) -> None:
        both = CodeTable({"F11.2": HIV}, {"F": PSY, "F11": OPIOID}, (1, 3))
        assert both.find("F11.2") == HIV | PSY | OPIOID
        assert both.find("F10") == PSY
        assert both.find("G11") == 0

    def test_several_tables_add_up(self) -> None:
        assert find((ICD_TABLE, CodeTable({"F11": HIV}, {}, ())), "f11") == OPIOID | HIV
        assert find((), "F11") == 0

    @pytest.mark.parametrize("system", [f"{ICD}|2026", f"{ICD}/", f" {ICD.upper()} ", f"{ICD}/|2026", f"{ICD}//"])
    def test_whatever_version_or_slash_the_system_has(self, system: str) -> None:
        assert system_name(system) == ICD
        assert bits({"system": system, "code": "B20"}) == HIV

    def test_a_bare_oid_is_one(self) -> None:
        assert system_name("2.16.840.1") == OID
        assert system_name("1.2.840.1") == "1.2.840.1"
        assert bits({"system": "2.16.840.1", "code": "1"}) == bits({"system": OID, "code": "1"}) == HIV

    @pytest.mark.parametrize("system", [None, "urn:local", ["urn:x"], 7])
    def test_without_a_system_that_we_know_everywhere_and_as_a_text(self, system: Any) -> None:
        assert bits({"system": system, "code": "H0020"}) == OPIOID
        assert bits({"system": system, "code": "HEROIN-SCREEN"}) == OPIOID
        assert bits({"system": system, "code": "F11.20"}) == 0

    def test_no_system_is_not_a_system_without_a_name(self) -> None:
        """Only what says nothing of its system has none; the tables may well hold one that is called oddly."""
        odd = {**tables().systems, "xxxx": ()}
        assert bits({"code": "H0020"}, systems=odd) == OPIOID

    def test_a_number(self) -> None:
        assert bits({"system": "urn:local", "code": 1020}) == HIV
        assert bits({"system": ICD, "code": 1020}) == 0
        assert bits({"code": True}) == bits({"code": None}) == bits({"value": 1020}) == 0

    def test_a_picture_for_a_code(self) -> None:
        assert bits({"code": "data:image/png;base64,QUJD"}) == OPAQUE

    def test_the_same_code_of_two_systems(self) -> None:
        both = [{"system": ICD, "code": "1"}, {"system": OID, "code": "1"}, {"system": ICD, "code": "1"}]
        assert bits(both) == HIV
        assert bits([both[1], both[0]]) == HIV
        assert bits([both[0], both[2]]) == 0


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            "on heroin",
            "HEROIN",
            "heroin-dependent",
            "her&#111;in",
            "her&#x6f;in",
            "her&#x6F;in",
            "her&#111in",
            "&#x00068;eroin",
            "heröin".replace("ö", "o\u0308"),
            "hero\u00adin",
            "\uff48\uff45\uff52\uff4f\uff49\uff4e",
            "x&#1114112;heroin",
            "x&#9999999;heroin",
            "\u201cheroin\u201d",
            "stopped\u2014heroin\u2014in May",
            "\u2022heroin",
            "\u00abheroin\u00bb",
            "&#8220;heroin&#8221;",
        ],
    )
    def test_a_word_however_it_is_written(self, text: str) -> None:
        assert bits({"note": text}) == OPIOID

    @pytest.mark.parametrize("text", ["", "hero", "anheroin", "her&#112;in", "psychology", "aids", "stay safe"])
    def test_what_is_no_such_word(self, text: str) -> None:
        assert bits({"note": text}) == 0

    def test_a_word_for_itself_in_capitals_or_where_its_pattern_is(self) -> None:
        assert bits({"note": "psych"}) == PSY
        assert bits({"note": "AIDS"}) == bits({"note": "\u201cAIDS\u201d"}) == HIV
        assert bits({"note": "in a Safe House"}) == SDV

    def test_several_in_one_text_and_in_several(self) -> None:
        assert bits({"note": "heroin, AIDS"}) == OPIOID | HIV
        assert bits({"note": "heroin", "text": "psych", "display": "fine"}) == OPIOID | PSY

    def test_a_picture_in_a_text(self) -> None:
        picture = "<img src='data:image/png;base64,QUJD'/>"
        assert bits({"div": picture}) == OPAQUE
        assert bits({"div": picture, "note": "heroin"}) == OPAQUE | OPIOID
        assert bits({"div": picture, "note": "hero"}) == OPAQUE

    def test_character_references(self) -> None:
        assert _plain("&#65;&#x41;&#xe9;") == "AAe"
        assert _plain("&#x10FFFF;") == " "
        assert _plain("&#x110000;&#1114112;") == "  "
        assert _plain("&#;&#xg;") == "&#;&#xg;"


class TestPlaces:
    def test_a_text_alone(self) -> None:
        assert bits("heroin") == OPIOID
        assert bits(7) == bits(None) == bits([]) == bits({}) == 0

    def test_objects_of_every_kind_that_python_has(self) -> None:
        inner: Mapping[str, Any] = MappingProxyType({"note": "heroin"})
        assert bits(inner) == bits({"a": inner}) == bits([inner]) == bits(({"note": "heroin"},)) == OPIOID
        assert bits({"resourceType": "Basic", "a": inner}) == OPIOID
        assert bits(MappingProxyType({"system": ICD, "code": "F11"})) == OPIOID

    def test_everything_beside_it_is_read_too(self) -> None:
        assert bits({"a": [1, {"note": "heroin"}], "b": {"system": ICD, "code": "B20"}, "c": "psych"}) == (
            OPIOID | HIV | PSY
        )

    @pytest.mark.parametrize("code", [{"system": ICD, "code": "B20"}, {"system": "urn:local", "code": 1020}])
    def test_what_a_code_says_comes_on_top(self, code: dict[str, Any]) -> None:
        assert bits({"data": "heroin", "photo": [{"url": "https://x.example/1"}], **code}) == OPIOID | OPAQUE | HIV
        assert bits({**code, "data": "heroin", "photo": [{"url": "https://x.example/1"}]}) == OPIOID | OPAQUE | HIV

    def test_of_several_each_says_its_own(self) -> None:
        """The words of all are looked at together; what each is told to say is what it says alone."""
        plain, word, code = {"note": "plain"}, {"note": "heroin"}, {"system": ICD, "code": "B20"}
        several = [plain, word, code, {**code, **word}, {"note": "plain", "text": "psych"}]
        assert Reading(tables()).bits_of_each(several) == [0, OPIOID, HIV, HIV | OPIOID, PSY]
        assert [bits(each) for each in several] == [0, OPIOID, HIV, HIV | OPIOID, PSY]
        assert Reading(tables()).bits_of_each([]) == []

    def test_an_attachment_is_read_by_its_type(self) -> None:
        assert bits({"contentType": "text/plain", "data": "heroin"}) == OPIOID
        assert bits({"contentType": "application/pdf", "data": "heroin"}) == OPAQUE
        assert bits({"contentType": ["text/plain"], "data": "heroin"}) == OPIOID
        assert bits({"data": "plain"}) == 0

    def test_numbers_of_a_device_are_a_text(self) -> None:
        assert bits({"dimensions": 1, "data": "1 2 3 E U", "contentType": "application/pdf"}) == 0
        assert bits({"dimensions": 1, "data": "1 2 heroin"}) == OPIOID

    @pytest.mark.parametrize("name", ["value", "defaultValue", "fixed", "pattern"])
    def test_bytes_are_opaque_whatever_they_say(self, name: str) -> None:
        assert bits({f"{name}Base64Binary": "plain", "contentType": "text/plain"}) == OPAQUE

    @pytest.mark.parametrize("shape", [lambda one: one, lambda one: [{"title": "x"}, one]])
    def test_an_attachment_that_lies_elsewhere(self, shape: Any) -> None:
        elsewhere, here = {"url": "https://x.example/1"}, {"url": "https://x.example/1", "data": "plain"}
        assert bits({"photo": shape(elsewhere)}) == OPAQUE
        assert bits({"photo": shape(here)}) == 0
        assert bits({"link": shape(elsewhere)}) == 0

    def test_identifiers_of_no_meaning_are_passed_over(self) -> None:
        """A UUID by chance looks like a word or a code; an address is read whole, for it names a server."""
        uuid = "3f2c9a1e-f10a-4f11-9f12-0a1b2c3d4e5f"
        chance = {"3f2": (Word("3f2c9a1e", PSY, whole=True, pattern=None),)}
        for one in ({"id": uuid}, {"reference": f"Patient/{uuid}"}, {"fullUrl": f"urn:uuid:{uuid}"}):
            assert bits(one, words=chance) == 0
        for one in ({"note": uuid}, {"reference": f"https://x.example/{uuid}"}, {"id": uuid.replace("-", ".")}):
            assert bits(one, words=chance) == PSY
        assert bits({"reference": f"https://heroin.example/{uuid}"}) == OPIOID

    def test_dates_are_passed_over(self) -> None:
        chance = {"202": (Word("2026", PSY, whole=True, pattern=None),)}
        for moment in ("2026-11-24", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00.000-08:00"):
            assert bits({"date": moment}, words=chance) == 0
        for text in ("2026", "2026-11", "2026.11.24", "2026-11-24, psych"):
            assert bits({"date": text}, words=chance) == PSY
        assert bits({"code": {"text": "hero-in-2026-11"}, "display": "her0-11-24"}) == 0

    @pytest.mark.parametrize("depth", [1, 3, 4, 5, 9])
    def test_resources_in_resources(self, depth: int) -> None:
        inner: Any = {"resourceType": "Basic", "note": [{"text": "heroin"}]}
        for _ in range(depth):
            inner = {"resourceType": "Bundle", "entry": [{"resource": inner}, {"resource": {"note": "psych"}}]}
        assert bits(inner) == OPIOID | PSY

    @pytest.mark.parametrize(
        "place",
        [
            {"note": "2026-11-24T10:00:00Z relapsed on heroin"},
            {"text": "2026-11-24T10:00:00.000-08:00, heroin"},
            {"id": "heroin-3f2c9a1e-f10a-4f11-9f12-0a1b2c3d4e5f"},
            {"id": "heroin00-0000-4000-8000-000000000000"},
        ],
    )
    def test_what_only_begins_or_ends_like_one_is_read(self, place: dict[str, str]) -> None:
        """A note that began with a moment was once passed over whole, and an id that ended with a UUID."""
        assert bits(place) == OPIOID
