"""A disclosure as a table: all that was cleared, nothing else, under its notice."""

import csv
import io

import pytest

from consent.codes import Category
from mappings.fhir.patient import to_fhir
from mappings.flat.disclosed import disclosure_csv
from mappings.flat.notice import read_table
from mappings.lead.disclosed_rows import Row, rows_of
from tests.mappings.fhir import factory as make

PROGRESS = make.item("i1", Category.PROGRESS, make.OBSERVATION, part2=True)
RAY = make.item("i4", Category.IDENTITY, to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset({"sid"})))
PLAIN = make.item("i3", Category.PARTICIPATION)


class TestRows:
    def test_no_id_of_the_house_and_no_reference_is_told(self) -> None:
        text = str(rows_of(make.cleared().clearance)) + str(rows_of(make.disclosure(RAY).clearance))
        assert [one for one in ("p-ray", "obs-7", "i1", "CANARY", "Patient/") if one in text] == []

    def test_a_record_without_content_is_one_line(self) -> None:
        assert rows_of(make.disclosure(PLAIN).clearance) == (Row(1, "participation", "", "on record"),)

    def test_every_value_that_was_cleared_is_there_once_in_order(self) -> None:
        resource = {
            "resourceType": "Observation",
            "status": "final",
            "valueBoolean": False,
            "component": [{"valueQuantity": {"value": 1.50}}, {"valueQuantity": {"value": 2}}],
        }
        assert rows_of(make.disclosure(PLAIN, make.item("i1", Category.PROGRESS, resource)).clearance)[1:] == (
            Row(2, "progress", "Observation.status", "final"),
            Row(2, "progress", "Observation.valueBoolean", "false"),
            Row(2, "progress", "Observation.component.valueQuantity.value", "1.5"),
            Row(2, "progress", "Observation.component.valueQuantity.value", "2"),
        )


class TestTable:
    def test_it_comes_back_with_its_notice(self) -> None:
        cleared = make.cleared()
        table = read_table(disclosure_csv(cleared))
        assert table.header == ("record", "category", "element", "value")
        assert table.scope == cleared.clearance.scope
        assert table.rows == tuple((str(r.record), r.category, r.element, r.value) for r in rows_of(cleared.clearance))

    def test_without_notice_it_is_the_table_alone(self) -> None:
        text = disclosure_csv(make.disclosure(PLAIN, notice=None, scope=None, summary=None))
        assert list(csv.reader(io.StringIO(text, newline=""))) == [
            ["record", "category", "element", "value"],
            ["1", "participation", "", "on record"],
        ]

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_no_cell_starts_a_formula(self, start: str) -> None:
        text = disclosure_csv(make.disclosure(PLAIN, notice=None, scope=None, summary=f"{start}HYPERLINK()"))
        (summary,) = [row for row in csv.reader(io.StringIO(text, newline="")) if row[0] == "0"]
        assert summary[3] == f"'{start}HYPERLINK()"
