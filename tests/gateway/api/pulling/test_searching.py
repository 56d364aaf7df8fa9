import gzip

import orjson
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient

from consent.notices import NOTICES
from gateway.api import fixed_search
from gateway.demo.site import HOSPITAL
from mappings.fhir.carried_notice import read_notice
from tests.gateway.api.pulling.partner import Partner

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORM = "application/x-www-form-urlencoded"


async def outcomes(partner: Partner, path: str, **headers: str) -> list[str]:
    answer = (await partner.get(path, **headers)).json()
    found = [one["resource"] for one in answer.get("entry", []) if one["search"]["mode"] == "outcome"]
    return [issue["details"]["text"] for one in found for issue in one["issue"]]


class TestRefusedBeforeAnythingIsLookedUp:
    async def test_what_is_wrong_with_a_search_is_named_from_closed_tables(self, partner):
        patient = partner.ids["p-ash"]
        for query, said in (
            ("", "a search names one participant"),
            ("status=active", "a search names one participant"),
            (f"patient={patient},{patient[:-1]}0", "`patient` must be given once"),
            (f"patient={patient}&subject=Patient/x", "`patient` must be given once"),
            ("patient=Practitioner/x", "`patient` has a value that cannot be read"),
            ("patient:identifier=x", "`patient` has a modifier that is not served"),
            (f"patient={patient}&status:below=x", "`status` has a modifier that is not served"),
            (f"patient={patient}&status:canary=x", "`status` has a modifier that is not served"),
            (f"patient={patient}&date=canary", "`date` has a value that cannot be read"),
            (f"patient={patient}&date=ap2026", "`date` has a value that cannot be read"),
            (f"patient={patient}&_count=0", "`_count` must be a whole number from 1"),
            (f"patient={patient}&_count=-1", "`_count` must be a whole number from 1"),
            (f"patient={patient}&_summary=count", "`_summary` is not served with this value"),
            (f"patient={patient}&" + "&".join(f"x{n}=1" for n in range(60)), "more parameters than are read"),
        ):
            answer = await partner.get(f"CarePlan?{query}")
            assert answer.status_code == 400, query
            assert said in answer.text, query
            assert "canary" not in answer.text

    async def test_strict_names_what_is_not_served_if_it_is_a_name(self, partner):
        path = f"CarePlan?patient={partner.ids['p-ash']}&canary.name=1&odd-one=2"
        answer = await partner.get(path, prefer="return=minimal; handling=strict")
        assert answer.status_code == 400
        assert "`odd-one`" in answer.text
        assert "canary" not in answer.text

    async def test_other_formats(self, partner):
        path = f"CarePlan?patient={partner.ids['p-ash']}"
        assert (await partner.get(path, accept="application/fhir+xml")).content == fixed_search.NOT_ACCEPTABLE.body
        assert (await partner.get(path, accept="application/json;q=0")).status_code == 406
        assert (await partner.get(f"{path}&_format=xml")).status_code == 406
        assert (await partner.get(f"{path}&_format=json", accept="text/html")).status_code == 200
        assert (await partner.get(path, accept="text/html, application/fhir+json; q=0.1")).status_code == 200

    async def test_a_search_by_post_is_a_form(self, partner):
        assert (await partner.post("CarePlan/_search", {"patient": "x"})).status_code == 415
        assert (await partner.post("CarePlan/_search", b"a" * 20_000, FORM)).status_code == 413


class TestFound:
    async def test_a_page_is_a_searchset_with_the_notice_and_no_total(self, partner):
        answer = (await partner.get(f"CarePlan?patient=Patient/{partner.ids['p-ash']}")).json()
        Bundle.model_validate(answer)
        assert answer.keys() == {"resourceType", "meta", "type", "link", "entry"}
        notice, plan = (one["resource"] for one in answer["entry"])
        assert notice["issue"][0]["details"]["text"] in {one.text for one in NOTICES.values()}
        assert plan["subject"] == {"reference": f"Patient/{partner.ids['p-ash']}"}
        assert answer["entry"][1]["fullUrl"] == f"https://gateway.test/fhir/CarePlan/{plan['id']}"
        assert "canary" not in orjson.dumps(answer).decode()

    async def test_every_filter_looks_at_what_leaves(self, partner):
        patient = partner.ids["p-ash"]
        (plan,) = await partner.found(f"CarePlan?patient={patient}")
        for kind, by, number in (
            ("CarePlan", f"_id={plan['id']}", 1),
            ("CarePlan", f"_id={plan['id']},other", 1),
            ("CarePlan", "_id=other", 0),
            ("CarePlan", "status=active", 1),
            ("CarePlan", "status=draft,active", 1),
            ("CarePlan", "status=draft&status=active", 0),
            ("CarePlan", "status:not=active", 0),
            ("CarePlan", "category:missing=true", 1),
            ("CarePlan", "date=ge2026-11-01", 1),
            ("CarePlan", "date=2026", 1),
            ("CarePlan", "date=gt2027", 0),
            ("CarePlan", "date=sa2026-09&date=eb2027-02", 1),
            ("CarePlan", "_lastUpdated=2026-11-24", 1),
            ("CarePlan", "_lastUpdated=lt2026-11-24", 0),
            ("Goal", "description=http://loinc.org|1-8", 5),
            ("Goal", "description=|1-8", 0),
            ("Goal", "lifecycle-status=active", 5),
            ("ServiceRequest", "code=1-8&intent=order", 1),
            ("Encounter", "status=in-progress", 1),
            ("Encounter", "class=IMP", 1),
        ):
            assert len(await partner.found(f"{kind}?patient={patient}&{by}")) == number, by

    async def test_exactly_what_is_found_is_accounted_for(self, partner):
        patient = partner.ids["p-ash"]
        found = await partner.found(f"Goal?patient={patient}&_count=2")
        entry = [one for one in await partner.entries() if one.kind == "disclosure"][-1]
        assert entry.organization == HOSPITAL
        released = {partner.own.given(item) for item, *_ in entry.content["decision"]["released"]}
        assert released == {one["id"] for one in found}
        assert entry.content["request"]["purpose"] == "treatment"

    async def test_what_is_passed_over_is_named(self, partner):
        patient = partner.ids["p-ash"]
        path = f"CarePlan?patient={patient}&odd-one=1&_sort=date&canary.x=1&_include=CarePlan:goal&_total=accurate"
        named = await outcomes(partner, path)
        for name in ("odd-one", "_sort", "_include", "_total"):
            assert f"the parameter `{name}` is not served and was passed over" in named
        assert "another parameter is not served and was passed over" in named
        refused = await outcomes(partner, path.replace(patient, partner.ids["p-elm"]))
        assert refused == [text for text in named if "passed over" in text]
        assert "canary" not in " ".join(named)

    async def test_includes(self, partner):
        patient = partner.ids["p-ash"]
        path = f"CarePlan?patient={patient}&_include=CarePlan:patient&_revinclude=Provenance:target"
        answer = (await partner.get(path)).json()
        Bundle.model_validate(answer)
        kinds = {one["resource"]["resourceType"]: one["search"]["mode"] for one in answer["entry"]}
        assert kinds == {
            "OperationOutcome": "outcome",
            "CarePlan": "match",
            "Patient": "include",
            "Provenance": "include",
        }
        (provenance,) = [e["resource"] for e in answer["entry"] if e["resource"]["resourceType"] == "Provenance"]
        (plan,) = [e["resource"] for e in answer["entry"] if e["resource"]["resourceType"] == "CarePlan"]
        assert provenance["target"] == [{"reference": f"CarePlan/{plan['id']}"}]
        (same,) = await partner.found(f"Provenance?target=CarePlan/{plan['id']}")
        assert same["id"] == provenance["id"]
        assert (await partner.get(f"Provenance/{provenance['id']}")).status_code == 200

    async def test_head_is_get_without_a_body(self, partner):
        headers = {"Authorization": f"Bearer {partner.token}"}
        answer = await partner.http.head(f"/fhir/CarePlan?patient={partner.ids['p-ash']}", headers=headers)
        assert answer.status_code == 200

    async def test_compressed_where_it_is_worth_it(self, partner):
        path = f"/fhir/CarePlan?patient={partner.ids['p-ash']}"
        headers = {"Authorization": f"Bearer {partner.token}"}
        plain = await partner.http.get(path, headers={**headers, "Accept-Encoding": "gzip;q=0"})
        assert "content-encoding" not in plain.headers
        async with partner.http.stream("GET", path, headers={**headers, "Accept-Encoding": "gzip"}) as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) == len(raw) < len(plain.content)
        assert gzip.decompress(raw) == plain.content


class TestRead:
    async def test_a_resource_carries_its_notice(self, partner):
        (plan,) = await partner.found(f"CarePlan?patient={partner.ids['p-ash']}")
        told = (await partner.get(f"CarePlan/{plan['id']}")).json()
        assert read_notice(told) is not None
        del told["extension"]
        assert told == plan

    async def test_custody_is_told_as_a_custody_notice_tells_it(self, partner):
        (stay,) = await partner.found(f"Encounter?patient={partner.ids['p-ash']}")
        assert stay.keys() == {"resourceType", "id", "meta", "status", "class", "subject", "period"}

    async def test_of_another_type_there_is_nothing(self, partner):
        (plan,) = await partner.found(f"CarePlan?patient={partner.ids['p-ash']}")
        assert (await partner.get(f"Goal/{plan['id']}")).status_code == 404

    async def test_only_the_same_content_is_not_modified(self, partner):
        (plan,) = await partner.found(f"CarePlan?patient={partner.ids['p-ash']}")
        path = f"CarePlan/{plan['id']}"
        first = await partner.get(path)
        tag = first.headers["etag"]
        again = await partner.get(path, if_none_match=f'"other", {tag}')
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert (await partner.get(path, if_none_match='W/"0123"')).content == first.content
        none = (await partner.get(f"CarePlan/{partner.ids['p-ash']}")).headers.raw
        await partner.signs_in("org:cedar-jail-health")
        for condition in (tag, "*"):
            refused = await partner.get(path, if_none_match=condition)
            assert refused.status_code == 404
            assert refused.headers.raw == none


class TestPatient:
    async def test_who_is_described_is_matched(self, partner):
        described = "Patient?identifier=sid|WA7ASH01&birthdate=1990-04-01&family=Ash"
        (found,) = await partner.found(described)
        Patient.model_validate(found)
        assert found["id"] == partner.ids["p-ash"]
        assert found["name"] == [{"family": "Ash", "given": ["Testina"]}]
        for other in ("&gender=male", "&name=Testina%20Ash"):
            assert len(await partner.found(described + other)) == 1
        for other in ("&gender=female", "&birthdate=1990-04-02"):
            assert await partner.found(described + other) == []
        by_name = "Patient?family=Ash&given=Testina&birthdate=1990-04-01"
        assert await partner.found(by_name) == []  # two people may share both: that is nobody for certain

    async def test_by_id_the_description_is_a_filter(self, partner):
        path = f"Patient?_id={partner.ids['p-ash']}"
        assert len(await partner.found(f"{path}&family=as&birthdate:missing=true")) == 1
        assert await partner.found(f"{path}&family=Birch") == []

    async def test_without_a_name_to_tell_there_is_somebody_and_no_more(self, partner):
        """The hospital holds a record of its own about Rowan Teal, and no consent that says who that is."""
        rowan = str(await partner.scene.participant("p-aspen"))
        told = (await partner.get(f"Patient/{rowan}")).json()
        assert told.keys() <= {"resourceType", "id", "meta", "extension"}
        (entry,) = [one for one in await partner.entries("p-aspen") if one.kind == "disclosure"]
        assert len(entry.content["decision"]["released"]) == 1


class TestAuditEvent:
    async def test_what_one_was_told_may_be_told_again(self, fresh):
        patient = fresh.ids["p-ash"]
        assert await fresh.found(f"AuditEvent?patient={patient}") == []
        await fresh.found(f"Goal?patient={patient}&_count=1")
        (event,) = await fresh.found(f"AuditEvent?patient={patient}&date=2026-11-24")
        assert event["entity"][0]["what"] == {"reference": f"Patient/{patient}"}
        assert (await fresh.get(f"AuditEvent/{event['id']}")).json()["id"] == event["id"]
        assert len(await fresh.found(f"AuditEvent?patient={patient}")) > 1
        await fresh.signs_in("org:cedar-jail-health")
        assert (await fresh.get(f"AuditEvent/{event['id']}")).status_code == 404
