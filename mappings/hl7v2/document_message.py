r"""A disclosure as an HL7 v2.5.1 MDM^T02 (original document with content), for health partners without FHIR.

    MSH, EVN, PID, the notice (notice.py), PV1, TXA, an OBX for the summary and one for each element that was cleared:
    OBX|2|TX|Observation.status^progress^99LEAD|1|final||||||F        OBX-4: the number of the record, from 1

PID-3 is the question that was asked, so that the partner knows whom it is about; a name and a day of birth stand there
only where they were released. Confidentiality (TXA-18, table 0272) is R at least. Only ASCII, by escape sequences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from consent.disclosure import Clearance, Disclosure
from consent.sensitivity import Confidentiality
from mappings.fhir.build import stable_uuid
from mappings.fhir.cleared_labels import highest, labels_of
from mappings.hl7v2.escaping import escape
from mappings.hl7v2.notice import with_notice
from mappings.lead.disclosed_rows import rows_of

_OURS: Final = "99LEAD"
_CONTROL: Final = 20  # characters of MSH-10
_SEX: Final = {"male": "M", "female": "F", "other": "O", "unknown": "U"}  # table 0001


@dataclass(frozen=True, slots=True)
class Addressed:
    """Who sends to whom: MSH-3 to MSH-6, as the partner knows them."""

    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str


def disclosure_message(disclosure: Disclosure, addressed: Addressed) -> str:
    """Render a disclosure as one message; segments end in CR. The same disclosure gives the same message.

    MSH-10, the control id, follows from the ledger entry, so that a partner who acknowledges by it knows a retry.
    """
    clearance = disclosure.clearance
    when = _moment(disclosure.at)
    ends = map(escape, (addressed.sending_application, addressed.sending_facility))
    other = map(escape, (addressed.receiving_application, addressed.receiving_facility))
    control = stable_uuid("mdm", disclosure.entry).replace("-", "")[:_CONTROL]
    segments = (
        ("MSH", "^~\\&", *ends, *other, when, "", "MDM^T02^MDM_T02", control, "P", "2.5.1"),
        ("EVN", "", when),
        _person(clearance),
        ("PV1", "1", "N"),
        (
            "TXA",
            "1",
            "CN",
            "TX",
            when,
            *[""] * 7,
            escape(disclosure.entry),
            *[""] * 4,
            "AU",
            _confidential(clearance),
            "AV",
        ),
        *_observations(clearance),
    )
    message = "".join(f"{'|'.join(fields)}\r" for fields in segments)
    return message if clearance.notice is None else with_notice(message, clearance.notice, clearance.scope)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")


def _person(clearance: Clearance) -> tuple[str, ...]:
    identity = f"{escape(clearance.request)}^^^LEAD"
    patients = (item.resource for item in clearance.items if item.resource is not None)
    patient = next((each for each in patients if each.get("resourceType") == "Patient"), None)
    if patient is None:
        return ("PID", "1", "", identity)
    born = str(patient.get("birthDate", "")).replace("-", "")
    sex = _SEX.get(str(patient.get("gender")), "")
    return ("PID", "1", "", identity, "", _name(patient), "", born, sex)


def _name(patient: Mapping[str, Any]) -> str:
    names = patient.get("name") or [{}]
    given = names[0].get("given") or [""]
    return f"{escape(names[0].get('family', ''))}^{escape(given[0])}".rstrip("^")


def _confidential(clearance: Clearance) -> str:
    labels = highest(labels_of(item, item.resource) for item in clearance.items)
    return "V" if labels.confidentiality is Confidentiality.V else "R"


def _observations(clearance: Clearance) -> list[tuple[str, ...]]:
    summary = [("summary", "", "", clearance.summary)] if clearance.summary else []
    told = [(row.element or row.category, row.category, str(row.record), row.value) for row in rows_of(clearance)]
    return [
        ("OBX", str(at), "TX", f"{escape(code)}^{escape(text)}^{_OURS}", record, escape(value), *[""] * 5, "F")
        for at, (code, text, record, value) in enumerate([*summary, *told], 1)
    ]
