"""A disclosure as an MDM message: all that was cleared, under its notice, and no name that was not released."""

from typing import Any

from consent.codes import Category
from consent.disclosure import Disclosure
from mappings.fhir.patient import to_fhir
from mappings.hl7v2.document_message import Addressed, disclosure_message
from mappings.hl7v2.escaping import unescape
from mappings.hl7v2.notice import read_notice
from mappings.lead.disclosed_rows import rows_of
from tests.mappings.fhir import factory as make

ADDRESSED = Addressed("LEAD", "CEDAR", "EHR|1", "FERN^HILL")
RAY = make.item("i4", Category.IDENTITY, to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset()))
PLAIN = make.item("i3", Category.PARTICIPATION)


def message(disclosure: Disclosure) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    text = disclosure_message(disclosure, ADDRESSED)
    assert text.isascii()
    assert text.endswith("\r")
    for segment in text.removesuffix("\r").split("\r"):
        fields = segment.split("|")
        found.setdefault(fields[0], []).append(fields)
    return found


def test_without_a_released_name_it_says_whom_by_the_question_alone() -> None:
    found = message(make.disclosure(PLAIN, request="ref-1"))
    assert found["PID"] == [["PID", "1", "", "ref-1^^^LEAD"]]


def test_no_id_of_the_house_is_told() -> None:
    text = disclosure_message(make.cleared(), ADDRESSED) + disclosure_message(make.disclosure(RAY), ADDRESSED)
    assert [one for one in ("p-ray", "obs-7", "|i1", "CANARY") if one in text] == []


def test_a_released_person_is_named() -> None:
    (person,) = message(make.disclosure(RAY))["PID"]
    assert person[5:] == ["Alder^Ray", "", "19860302", "U"]


def test_statement_and_scope_are_in_it_word_for_word() -> None:
    cleared = make.cleared()
    carried = read_notice(disclosure_message(cleared, ADDRESSED))
    notice = cleared.clearance.notice
    assert notice is not None
    assert (carried.statement, carried.scope) == (notice.text, cleared.clearance.scope)


def test_where_no_notice_is_owed_there_is_none() -> None:
    assert "ZNT" not in message(make.disclosure(PLAIN, notice=None, scope=None))


def test_every_element_is_one_observation() -> None:
    awkward: dict[str, Any] = {"resourceType": "Observation", "status": "final", "valueString": "a|b^c & d\nSeñora"}
    disclosure = make.disclosure(make.item("i1", Category.PROGRESS, awkward), PLAIN, summary="He comes | he goes.")
    told = [
        (unescape(o[3].split("^")[0]), o[3].split("^")[1], o[4], unescape(o[5]), o[11])
        for o in message(disclosure)["OBX"]
    ]
    rows = [(r.element or r.category, r.category, str(r.record), r.value, "F") for r in rows_of(disclosure.clearance)]
    assert told == [("summary", "", "", "He comes | he goes.", "F"), *rows]


def test_the_header_says_who_to_whom_and_what() -> None:
    (header,) = message(make.disclosure(PLAIN))["MSH"]
    assert [unescape(field) for field in header[2:6]] == ["LEAD", "CEDAR", "EHR|1", "FERN^HILL"]
    assert header[8] == "MDM^T02^MDM_T02"
    assert header[10:] == ["P", "2.5.1"]


def test_the_document_says_how_confidential_it_is() -> None:
    (document,) = message(make.disclosure(PLAIN, entry="entry-1"))["TXA"]
    assert (document[12], document[17], document[18], document[19]) == ("entry-1", "AU", "R", "AV")
    (note,) = message(make.disclosure(make.item("i1", Category.PSYCHOTHERAPY_NOTES)))["TXA"]
    assert note[18] == "V"


def test_a_retry_is_the_same_and_another_disclosure_is_not() -> None:
    first = disclosure_message(make.disclosure(PLAIN), ADDRESSED)
    assert first == disclosure_message(make.disclosure(PLAIN), ADDRESSED)
    one, two = (message(make.disclosure(PLAIN, entry=entry))["MSH"][0][9] for entry in ("entry-1", "entry-2"))
    assert one != two
    assert len(one) == 20
