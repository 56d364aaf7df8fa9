"""The LEAD file as a whole: ids, references, elements of a consent; then what a good one becomes."""

import copy
import json
import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from consent.codes import Category, Purpose
from mappings.lead.site_checks import KnownIds
from mappings.lead.site_file import LeadFileError, read_lead_file
from tests.mappings.lead.lead_file import CANARY, Json, consent, fault, places, put, read, refused, whole


class TestIdsAndReferences:
    @pytest.mark.parametrize("name", ["organizations", "participants", "plans", "rois", "records", "clients"])
    def test_an_id_that_stands_twice_is_refused(self, name: str) -> None:
        file = whole()
        file[name].append(copy.deepcopy(file[name][0]))
        error = refused(file)
        key = "client_id" if name == "clients" else "id"
        assert (error.path, error.rule) == (
            f"{name}[{len(file[name]) - 1}].{key}",
            "must not stand twice in this file",
        )

    def test_a_grant_id_that_stands_twice_in_one_consent_is_refused(self) -> None:
        file = whole()
        file["rois"][0]["grants"] *= 2
        assert refused(file).path == "rois[0].grants[1].id"

    def test_an_identifier_of_two_participants_is_refused(self) -> None:
        assert fault("participants.1.identifiers.0.value", "WA1")[0] == "participants[1].identifiers[0]"

    @pytest.mark.parametrize(
        ("path", "place"),
        [
            ("clients.0.organization", "clients[0].organization"),
            ("participants.0.case_management", "participants[0].case_management"),
            ("records.0.source", "records[0].source"),
        ],
    )
    def test_an_unknown_organization_is_refused(self, path: str, place: str) -> None:
        assert fault(path, "org:nowhere") == (place, "must be an organization of this site")

    @pytest.mark.parametrize(
        ("path", "place"),
        [
            ("participants.0.treating", "participants[0].treating"),
            ("rois.0.grants.0.discloser", "rois[0].grants[0].discloser"),
            ("rois.0.grants.0.recipient", "rois[0].grants[0].recipient"),
            ("rois.0.grants.0.redisclose_to", "rois[0].grants[0].redisclose_to"),
        ],
    )
    def test_an_unknown_organization_in_a_list_is_refused(self, path: str, place: str) -> None:
        assert fault(path, ["org:cm", "org:nowhere"]) == (place, "must be an organization of this site")

    @pytest.mark.parametrize("name", ["intakes", "plans", "rois", "records"])
    def test_an_unknown_participant_is_refused(self, name: str) -> None:
        file = whole()
        file["records"] = [] if name != "records" else [{**file["records"][1], "participant": "p-nobody"}]
        if name != "records":
            file[name][0]["participant"] = "p-nobody"
        error = refused(file)
        assert (error.path, error.rule) == (f"{name}[0].participant", "must be a participant of this site")

    def test_case_management_by_a_prosecutor_is_refused(self) -> None:
        assert "kind `case-management`" in fault("participants.0.case_management", "org:da")[1]

    @pytest.mark.parametrize(
        ("resource", "place"),
        [
            ({}, "resourceType"),
            ({"resourceType": "../Patient"}, "resourceType"),
            ({"resourceType": "Observation", "subject": {"reference": "Patient/p-fir"}}, "subject"),
            ({"resourceType": "Observation", "subject": {"display": CANARY}}, "subject"),
            ({"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/p-fir"}}, "patient"),
            ({"resourceType": "Task", "for": {"reference": "Patient/p-fir"}}, "for"),
            ({"resourceType": "Patient", "id": "p-fir"}, "id"),
        ],
    )
    def test_a_resource_about_somebody_else_is_refused(self, resource: Json, place: str) -> None:
        file = whole()
        file["records"][0]["resource"] = resource
        error = refused(file)
        assert error.path == f"records[0].resource.{place}"
        assert CANARY not in str(error)

    def test_a_later_file_may_refer_to_what_is_known(self) -> None:
        file = {"rois": [consent()]}
        assert refused(file).rule == "must be an organization of this site"
        known = KnownIds(frozenset({"org:cm", "org:da"}), frozenset({"p-ray"}))
        assert read(file, known).rois[0].id == "roi-1"


class TestElements:
    """42 CFR 2.31(a): a form that lacks an element is no consent."""

    @pytest.mark.parametrize(
        ("path", "value", "place", "cite"),
        [
            ("patient_name", " ", "patient_name", "2.31(a)(1)"),
            ("patient_name", "Someone Else", "signer.name", "2.31(a)(8)"),
            ("grants.0.discloser", [], "grants[0].discloser", "2.31(a)(2)"),
            ("grants.0.categories", [], "grants[0].categories", "2.31(a)(3)"),
            ("grants.0.recipient", [], "grants[0].recipient", "2.31(a)(4)(i)"),
            ("kind", "tpo", "tpo_statement", "2.31(a)(4)(iii)"),
            ("grants.0.purposes", [], "grants[0].purposes", "2.31(a)(5)"),
            ("how_to_revoke", "", "how_to_revoke", "2.31(a)(6)"),
            ("grants.0.expires", "none", "grants[0].expires", "2.31(a)(7)"),
            ("signer.name", "", "signer.name", "2.31(a)(8)"),
            ("signer", {"name": "Mo Cypress", "capacity": "guardian"}, "signer.authority", "2.15"),
            ("grants.0.role", " ", "grants[0].role", "2.31(a)(4)(i)"),
            ("grants.0.purposes", ["charging"], "grants[0].purposes", "2.31(a)(5)"),
            ("kind", "cj-2.35", "cj.condition_document", "2.35"),
            ("signer", {"name": "Mo Cypress", "capacity": "guardian", "authority": "x"}, "signer.name", "2.31(a)(8)"),
            ("redisclosure_warning", "", "redisclosure_warning", "2.31(a)(10)(i)"),
            ("refusal_consequences", "\t", "refusal_consequences", "2.31(a)(10)(ii)"),
            ("grants", [], "grants", "2.31(a)"),
        ],
    )
    def test_a_missing_element_is_named(self, path: str, value: object, place: str, cite: str) -> None:
        where, why = fault(f"rois.0.{path}", value)
        assert where == f"rois[0].{place}"
        assert f"42 CFR {cite}" in why

    def test_a_form_of_somebody_else_is_refused(self) -> None:
        file = whole()
        file["rois"][0] |= {"patient_name": CANARY, "signer": {"name": CANARY, "capacity": "self"}}
        error = refused(file)
        assert error.path == "rois[0].patient_name"
        assert CANARY not in str(error)

    def test_a_form_that_is_signed_tomorrow_is_refused(self) -> None:
        content = json.dumps(whole()).encode()
        signed = datetime(2026, 10, 1, 17, tzinfo=UTC)
        assert read_lead_file(content, at=signed).rois
        with pytest.raises(LeadFileError, match=r"^`rois\[0\]\.signed_at`: .*, 42 CFR 2\.31\(a\)\(9\)$"):
            read_lead_file(content, at=signed - timedelta(seconds=1))

    def test_a_role_is_asked_of_a_justice_partner_that_is_known(self) -> None:
        file = {"rois": [consent()]}
        file["rois"][0]["grants"][0].pop("role")
        partners = {each.organization.id: each.organization for each in read(whole()).partners}
        assert read(file, KnownIds(frozenset(partners), frozenset({"p-ray"}))).rois
        with pytest.raises(LeadFileError, match=r"grants\[0\]\.role"):
            read(file, KnownIds(partners, frozenset({"p-ray"})))

    @pytest.mark.parametrize("purposes", [["case-alignment", "charging"], ["case-alignment", "proceeding"]])
    def test_a_grant_that_mixes_is_kept_and_void_by_itself(self, purposes: list[str]) -> None:
        file = whole()
        put(file, "rois.0.grants.0.purposes", purposes)
        assert read(file).rois[0].grants[0].purposes == set(purposes)

    def test_a_suspect_form_is_kept(self) -> None:
        file = whole()
        put(file, "rois.0.integrity", "suspect")
        assert read(file).rois[0].integrity == "suspect"

    def test_an_unreadable_form_is_kept_as_it_is(self) -> None:
        file = whole()
        file["rois"][0] |= {"integrity": "unreadable", "patient_name": "", "grants": []}
        assert read(file).rois[0].integrity == "unreadable"

    def test_a_revocation_without_a_known_grant_is_kept(self) -> None:
        at = "2026-11-01T08:00:00Z"
        file = whole()
        file["rois"][0]["revocations"] = [
            {"at": at, "grants": ["g9"], "mode": "oral"},
            {"at": at, "grants": [], "mode": "written"},
        ]
        assert [each.grants for each in read(file).rois[0].revocations] == [{"g9"}, frozenset()]


class TestNoValueOfAPersonIsTold:
    """Put a canary in every text of a file in turn: it is taken or refused, and never repeated."""

    @staticmethod
    def _told(path: str, value: object) -> str | None:
        file = whole()
        put(file, path, value)
        try:
            read(file)
        except LeadFileError as error:
            return "".join(traceback.format_exception(error))
        return None

    @pytest.mark.parametrize("make", [lambda text: text, lambda text: [text], lambda text: {text: text}])
    def test_canary(self, make: Callable[[str], object]) -> None:
        told = [self._told(path, make(CANARY)) for path in places(whole())]
        refusals = [text for text in told if text is not None]
        assert len(refusals) > 20
        assert [text for text in refusals if "zyxwv" in text.casefold()] == []


class TestWhole:
    def test_an_empty_file_hands_in_nothing(self) -> None:
        file = read({})
        assert file.site is None
        assert file.partners == file.clients == file.enrollments == file.rois == file.records == ()

    def test_a_whole_file_is_read(self) -> None:
        file = read(whole())
        assert file.site is not None
        assert file.site.timezone == "America/Los_Angeles"
        assert [each.organization.id for each in file.partners] == ["org:cm", "org:da"]
        assert file.enrollments[0].birth_date == file.enrollments[0].participant.birth_date == date(1986, 3, 2)
        assert file.enrollments[0].identifiers[0].value == "WA1"
        assert file.plans[0].goals[0].dimension == "home"
        assert file.intakes[0].completed_at.utcoffset() == timedelta(hours=-8)
        assert file.records[1].source is None
        assert file.records[1].resource is None

    def test_a_consent_is_what_the_form_says(self) -> None:
        found = read(whole()).rois[0]
        grant = found.grants[0]
        assert found.signed_at == datetime(2026, 10, 1, 17, tzinfo=UTC)
        assert grant.purposes == {Purpose.CASE_ALIGNMENT}
        assert grant.categories == {Category.PROGRESS}
        assert grant.expires == datetime(2027, 10, 1, 7, tzinfo=UTC)
        assert found.events is None

    def test_null_is_the_same_as_left_out(self) -> None:
        file = whole()
        put(file, "rois.0.events", None)
        put(file, "participants.0.in_custody", None)
        assert read(file).rois[0].events is None
