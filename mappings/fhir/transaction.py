"""A disclosure for a partner whose system is a FHIR server: a transaction, or resources one by one.

A document (bundle.py) is kept whole; a server takes its resources apart. So here the notice goes with them: in a
transaction as a DocumentReference that points at all of them, on a resource by itself as an extension (42 CFR 2.32).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from consent.disclosure import Disclosure
from consent.model import Organization
from mappings.fhir import codes
from mappings.fhir.build import BuildError, Json, identifier
from mappings.fhir.bundle import disclosure_bundle
from mappings.fhir.carried_notice import on_resource, on_transaction

_OF_THE_DOCUMENT: Final = frozenset({"Composition", "Provenance"})  # what a retry could not tell from a second one


def disclosure_transaction(
    disclosure: Disclosure, *, organizations: Mapping[str, Organization], base_url: str, at: datetime
) -> Json:
    """Render a disclosure as a transaction of conditional creates, so that a retry makes nothing twice.

    Each resource carries its urn as an identifier, by which `ifNoneExist` finds it. Composition and Provenance stay
    with the document; what they say of law and purpose is in the labels and in the scope.
    """
    document = disclosure_bundle(disclosure, organizations=organizations, base_url=base_url, at=at)
    entries = [
        _create(entry) for entry in document["entry"] if entry["resource"]["resourceType"] not in _OF_THE_DOCUMENT
    ]
    found = {"resourceType": "Bundle", "meta": document["meta"], "type": "transaction", "entry": entries}
    clearance = disclosure.clearance
    if clearance.notice is None:
        return found
    patient = next(entry for entry in entries if entry["resource"]["resourceType"] == "Patient")["fullUrl"]
    noticed = on_transaction(found, clearance.notice, clearance.scope, patient=patient)
    first, *rest = noticed["entry"]
    return noticed | {"entry": [_create(first), *rest]}


def disclosed_resources(
    disclosure: Disclosure, *, organizations: Mapping[str, Organization], base_url: str, at: datetime
) -> tuple[Json, ...]:
    """Render each released resource by itself, each with statement and scope in an extension, where they are owed.

    They point at one another by urn, as in the document; a partner who wants links that resolve takes a transaction.
    """
    document = disclosure_bundle(disclosure, organizations=organizations, base_url=base_url, at=at)
    found = [e["resource"] for e in document["entry"] if e["resource"]["resourceType"] not in _OF_THE_DOCUMENT]
    clearance = disclosure.clearance
    if clearance.notice is None:
        return tuple(found)
    return tuple(on_resource(resource, clearance.notice, clearance.scope) for resource in found)


def _create(entry: Json) -> Json:
    """Write the conditional create of an entry, by the urn that it has for this recipient."""
    url, resource = entry["fullUrl"], entry["resource"]
    kind = resource["resourceType"]
    own = resource.get("identifier", [])
    if not isinstance(own, list):
        raise BuildError(f"a conditional create of a `{kind}`, which has one identifier of its own")
    kept = {name: value for name, value in resource.items() if name not in {"id", "identifier"}}
    named = {**kept, "identifier": [*own, identifier(codes.URI, url)]}
    request = {"method": "POST", "url": kind, "ifNoneExist": f"identifier={codes.URI}|{url}"}
    return {"fullUrl": url, "resource": named, "request": request}
