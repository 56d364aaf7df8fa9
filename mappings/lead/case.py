"""A decision case: one JSON file with a question and everything that a rule may look at, read strictly.

What is not as the page says is refused, naming the field: an unknown key or code, a value of another type, a time
without an offset. A reference to something that is not in the file is no error; it matches nothing.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from consent.codes import (
    CLASS_PREFIX,
    RECIPIENT_CLASSES,
    Capacity,
    Category,
    ConsentKind,
    HipaaStatus,
    Integrity,
    LegalRole,
    OrderFinding,
    OrderType,
    OrganizationKind,
    Part2Status,
    Purpose,
    RevocationMode,
)
from consent.decision import Decision, Obligation
from consent.explain import preview
from consent.facts import Facts
from consent.model import (
    Consent,
    ConsentGrant,
    CourtOrder,
    CriminalJusticeTerms,
    Event,
    Hold,
    Item,
    Organization,
    Participant,
    Person,
    ReleaseOfInformation,
    Restriction,
    Revocation,
    Signer,
    Site,
)
from consent.request import DisclosureRequest, EmergencyDeclaration
from mappings.lead.case_readers import (
    CaseError,
    Reader,
    all_or_some,
    anything,
    code,
    coded_set,
    day,
    expiry,
    flag,
    item_source,
    listed,
    moment,
    named_set,
    record_of,
    resource,
    text,
    texts,
    time_zone,
    unique,
)
from mappings.lead.strict_json import StrictJsonError, load_strict
from mappings.tables import load_policy

__all__ = ["Case", "CaseError", "parse_case", "read_case", "render"]


class Case(NamedTuple):
    """A case as read. `at`: the moment of the request as it was written, which the output repeats."""

    request: DisclosureRequest
    facts: Facts
    at: str


def read_case(content: str | bytes) -> tuple[DisclosureRequest, Facts]:
    """Return the question and the facts of a case. Raises CaseError, one line that names the field and the rule."""
    case = parse_case(content)
    return case.request, case.facts


def parse_case(content: str | bytes) -> Case:
    """Return a case, with the moment as it was written. Raises CaseError, as `read_case` does."""
    found = _CASE("", _json(content))
    return Case(found["request"]["request"], found["facts"], found["request"]["at"])


def render(decision: Decision, facts: Facts, at: str | None = None) -> dict[str, Any]:
    """Return a decision as the page's output, keys in its order. `at`: the moment as the request wrote it."""
    return {
        "id": decision.id,
        "outcome": decision.outcome,
        "participant": decision.participant,
        "rulebook": decision.rulebook,
        "at": decision.at.isoformat() if at is None else at,
        "released": [
            {"item": r.item, "basis": r.basis, "category": r.category.value, "fields": list(r.fields), "part2": r.part2}
            for r in decision.released
        ],
        "withheld": [{"item": each.item, "because": list(each.because)} for each in decision.withheld],
        "obligations": [_obligation(each) for each in decision.obligations],
        "findings": [
            {
                "rule": f.rule,
                "cites": list(f.cites),
                "state": f.state.value,
                "because": f.because,
                "evidence": list(f.evidence),
            }
            for f in decision.findings
        ],
        "for_requester": preview(decision, facts.record or ()),
    }


def _obligation(obligation: Obligation) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": obligation.kind}
    for name in ("version", "text", "by"):
        if getattr(obligation, name) is not None:
            shown[name] = getattr(obligation, name)
    if obligation.kind == "document-emergency":
        shown["owed"] = list(obligation.owed)
    if obligation.cites:
        shown["cites"] = list(obligation.cites)
    return shown


def _json(content: str | bytes) -> Any:
    try:
        return load_strict(content if isinstance(content, bytes) else content.encode())
    except UnicodeEncodeError:
        reason = "`file`: must not hold half of a surrogate pair"
    except StrictJsonError as error:
        reason = str(error)
    raise CaseError(reason)


def _recipient(path: str, value: Any) -> str:
    """Read whom a grant names. A class that nobody knows is an unknown code; any other text is an id."""
    name = text(path, value)
    if name.startswith(CLASS_PREFIX) and name.removeprefix(CLASS_PREFIX) not in RECIPIENT_CLASSES:
        raise CaseError(f"`{path}`: unknown class")
    return name


def _class(path: str, value: Any) -> str:
    if text(path, value) not in RECIPIENT_CLASSES:
        raise CaseError(f"`{path}`: unknown code")
    return str(value)


def _request(found: Mapping[str, Any]) -> dict[str, Any]:
    at, written = found["at"]
    return {"request": DisclosureRequest(**{**found, "at": at}), "at": written}


def _moment_as_written(path: str, value: Any) -> tuple[Any, str]:
    return moment(path, value), str(value)


def _facts(found: Mapping[str, Any]) -> Facts:
    return Facts(
        site=found["site"],
        organizations={each.id: each for each in found["organizations"]},
        participants={each.id: each for each in found["participants"]},
        consents=found["consents"],
        holds=found["holds"],
        restrictions=found["restrictions"],
        court_orders=found["court_orders"],
        record=found["record"],
        policy=load_policy(),
    )


_EVENT: Final = record_of(Event, {"name": text, "at": moment})
_REVOCATION: Final = record_of(Revocation, {"at": moment, "grants": all_or_some, "mode": code(RevocationMode)})
_FORM: Final = record_of(ReleaseOfInformation, {"id": text, "version": text, "language": text})
_SIGNER: Final = record_of(Signer, {"name": text, "capacity": code(Capacity)}, {"authority": text})
_CJ: Final = record_of(
    CriminalJusticeTerms,
    {"condition_document": text, "cause": text, "revocable_from": text, "monitoring_official": text},
)
_GRANT: Final = record_of(
    ConsentGrant,
    {
        "id": text,
        "discloser": named_set,
        "recipient": listed(_recipient, frozenset),
        "purposes": coded_set(Purpose),
        "categories": coded_set(Category),
        "expires": expiry,
    },
    {"role": text, "record_from": day, "record_to": day, "redisclose_to": texts},
)
_CONSENT: Final = record_of(
    Consent,
    {
        "id": text,
        "kind": code(ConsentKind),
        "participant": text,
        "form": _FORM,
        "signed_at": moment,
        "signer": _SIGNER,
        "patient_name": text,
        "how_to_revoke": text,
        "refusal_consequences": text,
        "redisclosure_warning": text,
        "grants": unique(_GRANT),
        "revocations": listed(_REVOCATION),
        "integrity": code(Integrity),
    },
    {
        "tpo_statement": text,
        "intermediary": text,
        "proceeding_cause": text,
        "counsel_present": flag,
        "cj": _CJ,
        "events": listed(_EVENT),
    },
)
_SITE: Final = record_of(
    Site, {"name": text, "timezone": time_zone, "state": text, "legal_role": code(LegalRole), "cj_2_35_enabled": flag}
)
_ORGANIZATION: Final = record_of(
    Organization,
    {
        "id": text,
        "name": text,
        "kind": code(OrganizationKind),
        "part2_status": code(Part2Status),
        "hipaa_status": code(HipaaStatus),
    },
    {"agreement_expires": day, "classes": listed(_class, frozenset)},
)
_PARTICIPANT: Final = record_of(
    Participant,
    {"id": text, "screened": flag, "enrolled": flag},
    {"birth_date": day, "in_custody": flag, "treating": named_set},
)
_HOLD: Final = record_of(Hold, {"participant": text, "at": moment, "grants": all_or_some})
_RESTRICTION: Final = record_of(
    Restriction, {"participant": text, "organization": text, "agreed": flag}, {"categories": coded_set(Category)}
)
_ORDER: Final = record_of(
    CourtOrder,
    {
        "id": text,
        "type": code(OrderType),
        "findings": coded_set(OrderFinding),
        "items": named_set,
        "recipient": text,
        "expires": moment,
    },
)
_ITEM: Final = record_of(
    Item,
    {"id": text, "participant": text, "category": code(Category), "source": item_source, "created": moment},
    {"resource": resource},
)
_REQUEST: Final[Reader] = record_of(
    lambda **found: _request(found),
    {"id": text, "at": _moment_as_written, "requester": text, "participant": text, "purpose": code(Purpose)},
    {
        "person": record_of(Person, {"name": text, "role": text}),
        "items": texts,
        "attested": flag,
        "emergency": record_of(
            EmergencyDeclaration,
            {"nature": text, "personnel_name": text, "personnel_affiliation": text, "discloser": text},
        ),
    },
)
_FACTS: Final[Reader] = record_of(
    lambda **found: _facts(found),
    {
        "site": _SITE,
        "organizations": unique(_ORGANIZATION),
        "participants": unique(_PARTICIPANT),
        "consents": unique(_CONSENT),
        "holds": listed(_HOLD),
        "restrictions": listed(_RESTRICTION),
        "court_orders": unique(_ORDER),
        "record": unique(_ITEM),
    },
)
_CASE: Final[Reader] = record_of(dict, {"title": text, "request": _REQUEST, "facts": _FACTS}, {"expect": anything})
