"""The demo site: nobody real, complete, valid R4, and the same each time."""

import json
from datetime import date, timedelta

import pytest
from fhir.resources.R4B import get_fhir_model_class

from consent.codes import OrganizationKind
from gateway.demo.site import RAY, TODAY, build_site
from mappings.lead.site_file import LeadFile, read_lead_file


@pytest.fixture(scope="module", name="site")
def _site() -> LeadFile:
    return read_lead_file(json.dumps(build_site()).encode())


class TestSite:
    def test_it_is_the_same_each_time(self) -> None:
        assert build_site() == build_site(TODAY)
        assert build_site() == json.loads(json.dumps(build_site()))

    def test_ids_do_not_move_with_the_day(self) -> None:
        later = read_lead_file(json.dumps(build_site(TODAY + timedelta(days=900))).encode())
        first = read_lead_file(json.dumps(build_site()).encode())
        assert [each.id for each in later.records] == [each.id for each in first.records]
        assert [each.id for each in later.rois] == [each.id for each in first.rois]

    @pytest.mark.parametrize("today", [date(2028, 2, 29), date(2026, 3, 8), date(2026, 11, 1), date(2027, 12, 31)])
    def test_it_can_be_made_on_any_day(self, today: date) -> None:
        assert len(read_lead_file(json.dumps(build_site(today)).encode()).enrollments) == 12

    def test_every_partner_of_the_story_is_there(self, site: LeadFile) -> None:
        kinds = {each.organization.kind for each in site.partners}
        wanted = "case-management prosecutor police jail-custody jail-health hospital part2-program"
        assert {*wanted.split(), "public-defender", "court", "housing"} == kinds

    def test_the_prosecutor_is_not_in_hipaa(self, site: LeadFile) -> None:
        found = {each.organization.kind: each.organization for each in site.partners}
        assert found[OrganizationKind.PROSECUTOR].hipaa_status == "none"

    def test_the_main_participant_can_be_matched(self, site: LeadFile) -> None:
        ray = next(each for each in site.enrollments if each.participant.id == RAY)
        assert ray.birth_date == date(1986, 3, 2)
        assert [each.system for each in ray.identifiers] == ["sid"]
        assert ray.participant.enrolled

    def test_there_is_variety(self, site: LeadFile) -> None:
        signed = {each.participant for each in site.rois}
        assert {"p-juniper", "p-hazel"} == {each.participant.id for each in site.enrollments} - signed
        assert "p-juniper" not in {each.participant for each in site.intakes}
        assert [each.participant for each in site.rois if each.revocations] == ["p-wren", "p-olive"]

    @pytest.mark.parametrize("entry", build_site()["records"], ids=lambda entry: entry["id"])
    def test_every_resource_is_valid(self, entry: dict[str, dict[str, str]]) -> None:
        resource = entry["resource"]
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
