"""The tables of the states: every malformed row is refused, above all one that widens (P2-23, P2-29)."""

from typing import Any

import pytest

from consent.codes import JUSTICE_KINDS, Capacity, Category, OrganizationKind
from consent.overlays import Effect
from mappings.tables import TableError
from mappings.tables.minors import ages_of, load_ages
from mappings.tables.overlays import load_overlays, overlays_of

AGES = {"state": "WA", "minor_alone_from": 13, "majority": 18, "source": "RCW", "standing": "memory"}
OVERLAY = {
    "id": "wa-1",
    "jurisdiction": "WA",
    "effect": "narrow",
    "categories": ["hiv-sti"],
    "kinds": ["*"],
    "source": "RCW",
    "standing": "checked: attorney's letter",
}
DAYS = {"effect": "max-duration", "days": 90}


def refused(read: Any, row: Any) -> str:
    with pytest.raises(TableError) as error:
        read({"row": [row]})
    return str(error.value)


def without(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


@pytest.mark.parametrize(("read", "row"), [(ages_of, AGES), (overlays_of, OVERLAY)])
class TestEveryTable:
    @pytest.mark.parametrize("table", [{}, {"row": {}}, {"row": [3]}, {"row": [], "more": 1}, {"rows": []}])
    def test_a_table_is_rows(self, read: Any, row: dict[str, Any], table: dict[str, Any]) -> None:
        assert row
        with pytest.raises(TableError):
            read(table)

    def test_an_unknown_key(self, read: Any, row: dict[str, Any]) -> None:
        assert "`row.permit`: unknown key" in refused(read, row | {"permit": True})

    def test_every_key_is_there(self, read: Any, row: dict[str, Any]) -> None:
        for key in set(row) - {"minor_alone_from"}:
            assert refused(read, without(row, key)) == f"`row.{key}`: must be there"

    @pytest.mark.parametrize("standing", ["sure", "checked:", "checked: ", "Memory", 1])
    def test_how_sure_it_is(self, read: Any, row: dict[str, Any], standing: Any) -> None:
        assert "row.standing" in refused(read, row | {"standing": standing})

    @pytest.mark.parametrize("source", ["", "  ", None])
    def test_a_source(self, read: Any, row: dict[str, Any], source: Any) -> None:
        assert "row.source" in refused(read, row | {"source": source})

    def test_two_rows_for_one(self, read: Any, row: dict[str, Any]) -> None:
        with pytest.raises(TableError, match="two rows"):
            read({"row": [row, row]})


class TestAges:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("state", "Washington"),
            ("state", "wa"),
            ("majority", 17),
            ("majority", 22),
            ("majority", 18.0),
            ("majority", "18"),
            ("majority", True),
            ("minor_alone_from", -1),
            ("minor_alone_from", 18),
            ("minor_alone_from", False),
            ("minor_alone_from", "thirteen"),
        ],
    )
    def test_a_value_that_is_none(self, key: str, value: Any) -> None:
        assert f"row.{key}" in refused(ages_of, AGES | {key: value})

    def test_no_minor_alone(self) -> None:
        assert ages_of({"row": [without(AGES, "minor_alone_from")]})["WA"].minor_alone_from is None

    def test_what_ships(self) -> None:
        ages = load_ages()
        assert ages["WA"].minor_alone_from == 13
        assert {each.standing for each in ages.values()} == {"memory"}


class TestOverlays:
    @pytest.mark.parametrize("effect", ["widen", "permit", "Narrow", "", "max_duration", None, 1])
    def test_no_effect_widens(self, effect: Any) -> None:
        assert "state law only narrows" in refused(overlays_of, OVERLAY | {"effect": effect})

    @pytest.mark.parametrize("days", [0, -1, -90, 3651, 90.0, "90", True, None])
    def test_days_that_are_none(self, days: Any) -> None:
        assert "row.days" in refused(overlays_of, OVERLAY | DAYS | {"days": days})

    @pytest.mark.parametrize(
        "change",
        [
            {"days": 90},
            {"signer": "parent"},
            {"notice": "x"},
            {"effect": "max-duration"},
            {"effect": "extra-signer"},
            {"effect": "extra-notice"},
            DAYS | {"notice": "x"},
            {"effect": "extra-signer", "signer": "parent", "days": 9},
        ],
    )
    def test_what_does_not_belong_to_the_effect(self, change: dict[str, Any]) -> None:
        assert refused(overlays_of, OVERLAY | change).startswith("`row.")

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("categories", []),
            ("categories", ["everything"]),
            ("categories", ["*", "hiv-sti"]),
            ("categories", ["@justice"]),
            ("categories", "hiv-sti"),
            ("categories", [["hiv-sti"]]),
            ("kinds", []),
            ("kinds", ["@police"]),
            ("kinds", None),
            ("jurisdiction", "*"),
            ("id", ""),
        ],
    )
    def test_a_code_that_nobody_knows(self, key: str, value: Any) -> None:
        assert f"row.{key}" in refused(overlays_of, OVERLAY | {key: value})

    @pytest.mark.parametrize("signer", ["self", "case-manager", "", None])
    def test_an_extra_signer_is_somebody_else(self, signer: Any) -> None:
        assert "row.signer" in refused(overlays_of, OVERLAY | {"effect": "extra-signer", "signer": signer})

    def test_a_blank_notice(self) -> None:
        assert "row.notice" in refused(overlays_of, OVERLAY | {"effect": "extra-notice", "notice": " "})

    def test_each_effect(self) -> None:
        rows = [
            OVERLAY | {"kinds": ["@justice", "business"]},
            OVERLAY | DAYS | {"id": "2", "categories": ["*"]},
            OVERLAY | {"id": "3", "effect": "extra-signer", "signer": "parent"},
            OVERLAY | {"id": "4", "effect": "extra-notice", "notice": "state law"},
        ]
        narrow, duration, signer, notice = overlays_of({"row": rows})
        assert narrow.kinds == JUSTICE_KINDS | {OrganizationKind.BUSINESS}
        assert narrow.categories == {Category.HIV_STI}
        assert (duration.days, duration.categories, duration.kinds) == (90, frozenset(), frozenset())
        assert signer.signer is Capacity.PARENT
        assert notice.notice == "state law"

    @pytest.mark.parametrize("days", [1, 3650])
    def test_days_that_are_some(self, days: int) -> None:
        (one,) = overlays_of({"row": [OVERLAY | DAYS | {"days": days}]})
        assert one.days == days

    def test_what_is_wrong_is_said(self) -> None:
        assert refused(overlays_of, OVERLAY | {"days": 9}) == "`row.days`: does not belong with `narrow`"
        assert (
            refused(overlays_of, OVERLAY | {"effect": "max-duration"})
            == "`row.days`: must be there with `max-duration`"
        )

    def test_what_ships(self) -> None:
        assert load_overlays()
        assert {each.standing for each in load_overlays()} == {"memory"}
        assert {each.effect for each in load_overlays()} <= {Effect.NARROW, Effect.MAX_DURATION}
