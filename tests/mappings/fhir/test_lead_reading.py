"""What others write is read strictly: a refusal names the element and the rule, and never repeats what it found."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.fhir import careteam, episode, goal, organization, people, referral
from mappings.fhir.build import UnreadableResourceError
from mappings.lead.team import Staff
from tests.mappings.fhir import lead_factory as lead

Json = dict[str, Any]


def _person_and_role(resource: Json) -> Staff:
    """Read a staff member out of one object, so that both can be broken the same way."""
    return people.from_fhir(resource["person"], resource["role"])


def _written(staff: Staff) -> Json:
    person, role = people.to_fhir(staff)
    return {"person": person, "role": role}


READERS: dict[str, tuple[Callable[[], Json], Callable[[Json], Any], Callable[[Any], Json]]] = {
    "EpisodeOfCare": (lambda: episode.to_fhir(lead.episode()), episode.from_fhir, episode.to_fhir),
    "Goal": (lambda: goal.to_fhir(lead.goal()), goal.from_fhir, goal.to_fhir),
    "CareTeam": (lambda: careteam.to_fhir(lead.team()), careteam.from_fhir, careteam.to_fhir),
    "ServiceRequest": (lambda: referral.to_fhir(lead.referral()), referral.from_fhir, referral.to_fhir),
    "Organization": (lambda: organization.to_fhir(lead.PROGRAM), organization.from_fhir, organization.to_fhir),
}
COMMON: dict[str, Callable[[Json], Any]] = {
    "another resource": lambda r: r.update(resourceType="Basic"),
    "no type": lambda r: r.pop("resourceType"),
    "an unknown element": lambda r: r.update(note=[{"text": "CANARY"}]),
    "a modifier": lambda r: r.update(modifierExtension=[{"url": "urn:CANARY", "valueBoolean": True}]),
    "implicit rules": lambda r: r.update(implicitRules="urn:CANARY"),
    "something contained": lambda r: r.update(contained=[{"resourceType": "Patient", "id": "CANARY"}]),
    "no name of its own": lambda r: r.pop("identifier"),
    "two names of its own": lambda r: r["identifier"].append({"system": "urn:x", "value": "CANARY"}),
    "a name of another system": lambda r: r["identifier"][0].update(system="urn:CANARY"),
    "an assigner of the name": lambda r: r["identifier"][0].update(assigner={"display": "CANARY"}),
    "a name that is no list": lambda r: r.update(identifier="CANARY"),
}
OWN: dict[str, dict[str, Callable[[Json], Any]]] = {
    "EpisodeOfCare": {
        "an unknown status": lambda r: r.update(status="CANARY"),
        "a status that is no text": lambda r: r.update(status=["CANARY"]),
        "planned": lambda r: r.update(status="planned"),
        "another kind of episode": lambda r: r["type"][0]["coding"][0].update(code="CANARY"),
        "no kind": lambda r: r.pop("type"),
        "a literal reference": lambda r: r.update(patient={"reference": "Patient/CANARY"}),
        "a patient of others": lambda r: r["patient"]["identifier"].update(system="urn:CANARY"),
        "a group": lambda r: r["patient"].update(type="CANARY"),
        "nobody": lambda r: r.pop("patient"),
        "no beginning": lambda r: r["period"].pop("start"),
        "a day only": lambda r: r["period"].update(start="2026-10-01"),
        "an end without a discharge": lambda r: r["period"].update(end="2026-12-01T00:00:00Z"),
        "a discharge without an end": lambda r: r.update(status="finished"),
        "an end before the beginning": lambda r: (
            r.update(status="finished"),
            r["period"].update(end="2026-09-01T00:00:00Z"),
        ),
        "a history": lambda r: r.update(statusHistory=[{"status": "waitlist", "period": {}}]),
        "a diagnosis": lambda r: r.update(diagnosis=[{"condition": {"display": "CANARY"}}]),
    },
    "Goal": {
        "an unknown status": lambda r: r.update(lifecycleStatus="CANARY"),
        "a dimension of others": lambda r: r["category"][0]["coding"][0].update(code="CANARY"),
        "no dimension": lambda r: r.pop("category"),
        "two dimensions": lambda r: r["category"].append(r["category"][0]),
        "a due day": lambda r: r.update(target=[{"dueDate": "2026-12-31"}]),
        "coded words": lambda r: r["description"].update(coding=[{"code": "CANARY"}]),
        "no words": lambda r: r["description"].pop("text"),
        "half a day": lambda r: r.update(startDate="2026-10"),
        "a diagnosis": lambda r: r.update(addresses=[{"display": "CANARY"}]),
    },
    "CareTeam": {
        "an unknown status": lambda r: r.update(status="proposed"),
        "a status that is no text": lambda r: r.update(status=["CANARY"]),
        "nobody": lambda r: r.update(participant=[]),
        "a member without a role": lambda r: r["participant"][0].pop("role"),
        "a member of an unknown role": lambda r: r["participant"][0]["role"][0]["coding"][0].update(code="CANARY"),
        "a member on nobody's behalf": lambda r: r["participant"][0].pop("onBehalfOf"),
        "a member elsewhere": lambda r: r["participant"][0].update(member={"reference": "Practitioner/CANARY"}),
        "a member for a time": lambda r: r["participant"][0].update(period={"end": "2026-12-31"}),
    },
    "ServiceRequest": {
        "a proposal": lambda r: r.update(intent="proposal"),
        "not to be done": lambda r: r.update(doNotPerform=True),
        "an unknown status": lambda r: r.update(status="CANARY"),
        "a door of others": lambda r: r["code"]["coding"][0].update(code="CANARY"),
        "no door": lambda r: r.pop("code"),
        "another category": lambda r: r.update(category=[]),
        "nobody asked": lambda r: r.pop("performer"),
        "two asked": lambda r: r["performer"].append(r["performer"][0]),
        "a requester elsewhere": lambda r: r.update(requester={"reference": "Organization/CANARY"}),
        "a person as requester": lambda r: r["requester"].update(type="Practitioner"),
        "a reason": lambda r: r.update(reasonCode=[{"text": "CANARY"}]),
    },
    "Organization": {
        "inactive": lambda r: r.update(active=False),
        "of an unknown kind": lambda r: r["type"][0]["coding"][0].update(code="CANARY"),
        "nameless": lambda r: r.pop("name"),
        "without a part 2 status": lambda r: r["extension"].pop(0),
        "of an unknown part 2 status": lambda r: r["extension"][0].update(valueCode="CANARY"),
        "with an extension of others": lambda r: r["extension"].append({"url": "urn:CANARY", "valueString": "x"}),
        "with half a day": lambda r: r["extension"][2].update(valueDate="2028"),
        "with a contact": lambda r: r.update(telecom=[{"system": "phone", "value": "CANARY"}]),
    },
}
STAFF: dict[str, Callable[[Json], Any]] = {
    "another person's role": lambda r: r["role"]["practitioner"]["identifier"].update(value="CANARY"),
    "a role of nobody": lambda r: r["role"].pop("practitioner"),
    "a role nowhere": lambda r: r["role"].pop("organization"),
    "a role without a name": lambda r: r["role"]["code"][0].pop("text"),
    "two roles": lambda r: r["role"]["code"].append({"text": "CANARY"}),
    "a role with a specialty": lambda r: r["role"].update(specialty=[{"text": "CANARY"}]),
    "a former role": lambda r: r["role"].update(active=False),
    "no name": lambda r: r["person"].pop("name"),
    "two names": lambda r: r["person"]["name"].append({"family": "CANARY"}),
    "no family name": lambda r: r["person"]["name"][0].pop("family"),
    "an old name": lambda r: r["person"]["name"][0].update(use="CANARY"),
    "a fax": lambda r: r["role"]["telecom"][0].update(system="fax"),
    "a number without a kind": lambda r: r["role"]["telecom"][0].pop("system"),
    "an inactive person": lambda r: r["person"].update(active=False),
    "a licence": lambda r: r["person"].update(qualification=[{"code": {"text": "CANARY"}}]),
}
CASES = [(kind, name, change) for kind in READERS for name, change in (*COMMON.items(), *OWN[kind].items())]


@pytest.mark.parametrize(("kind", "name", "change"), CASES, ids=[f"{kind}: {name}" for kind, name, _ in CASES])
def test_what_is_not_read_here_is_refused_without_repeating_it(
    kind: str, name: str, change: Callable[[Json], Any]
) -> None:
    build, read, _ = READERS[kind]
    resource = copy.deepcopy(build())
    change(resource)
    with pytest.raises(UnreadableResourceError) as refused:
        read(resource)
    assert "CANARY" not in str(refused.value)
    assert refused.value.field.startswith(kind)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("name", STAFF)
def test_staff_of_others_is_refused_without_repeating_it(name: str) -> None:
    found = copy.deepcopy(_written(lead.staff()))
    STAFF[name](found)
    with pytest.raises(UnreadableResourceError) as refused:
        _person_and_role(found)
    assert "CANARY" not in str(refused.value)
    assert refused.value.field.startswith("Practitioner")


@pytest.mark.parametrize("kind", READERS)
def test_elements_that_only_describe_are_passed_over(kind: str) -> None:
    build, read, _ = READERS[kind]
    plain = build()
    described = plain | {"id": "another", "language": "en", "meta": {"versionId": "7"}, "text": {"status": "empty"}}
    assert read(described) == read(plain)


WRONG: list[Any] = [None, 7, 1.5, True, "", "CANARY", [], {}, ["CANARY"], [None], [[]], {"CANARY": 1}, {"coding": 1}]
ALL = READERS | {"Practitioner": (lambda: _written(lead.staff()), _person_and_role, _written)}


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a resource, the inner ones first."""
    steps = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for step, inner in steps:
        yield from _paths(inner, (*path, step))
    if path:
        yield path


@pytest.mark.parametrize("kind", ALL)
@given(data=st.data())
def test_whatever_stands_anywhere_it_is_refused_or_can_be_written_again(kind: str, data: st.DataObject) -> None:
    build, read, write = ALL[kind]
    resource = copy.deepcopy(build())
    *way, last = data.draw(st.sampled_from(list(_paths(resource))))
    node: Any = resource
    for step in way:
        node = node[step]
    node[last] = data.draw(st.sampled_from(WRONG))
    try:
        found = read(resource)
    except UnreadableResourceError as refused:
        told = str(refused)
    else:
        told = ""
        assert read(write(found)) == found
    assert "CANARY" not in told
