"""A Bundle of type batch or transaction comes in: things that a partner may send, each answered by its constant.

https://hl7.org/fhir/R4/http.html#transaction. What may be sent is what may be sent alone (SENT): questions, and what is
filed about consents; nothing is read, searched or changed in a Bundle. In a batch each entry stands for itself. A
transaction is read whole before anything is kept, and kept in one database transaction: so it holds questions, or one
thing that is filed, and one bad entry refuses all. The answer leaves at the step of a refusal.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request

from consent.codes import Purpose
from gateway.api import fixed, fixed_consents, fixed_search, pacing
from gateway.api.admission import admitted
from gateway.api.composition import gateway_of
from gateway.api.conditional import once_of
from gateway.api.ports import Gateway, Grant
from gateway.api.reading import RefusedError, is_plain, read_object
from gateway.api.responses import FixedResponse
from gateway.api.scopes import permits
from gateway.exit import Departure
from mappings.fhir.filed import FilingError, read_consent, read_disclosure, read_filing, read_revocation
from mappings.fhir.question import Question, QuestionError
from mappings.fhir.task import read_question

router = APIRouter()

MOST_ENTRIES: Final = 50

_TYPES: Final = frozenset({"batch", "transaction"})
_Reader = Callable[[Any], Any]
_Act = Callable[[Grant, Any, datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Filing:
    """Something that may be filed: by which scope, how it is read, who takes it."""

    scope: tuple[str, str]
    reader: _Reader
    act: Callable[[Gateway], _Act]


_FILE: Final = Filing(("Consent", "c"), read_filing, lambda gateway: gateway.consents.file)
_REVOKE: Final = Filing(("Consent", "c"), read_revocation, lambda gateway: gateway.consents.revoke)
_RECORD: Final = Filing(("AuditEvent", "c"), read_disclosure, lambda gateway: gateway.consents.record)
FILED: Final[Mapping[str, Filing]] = {
    "Consent": Filing(("Consent", "c"), read_consent, lambda gateway: gateway.consents.file),
    **dict.fromkeys(("Consent/$fileConsent", "Consent/$file-consent"), _FILE),
    **dict.fromkeys(("Consent/$revokeConsent", "Consent/$revoke-consent"), _REVOKE),
    **dict.fromkeys(("AuditEvent/$recordDisclosure", "AuditEvent/$record-disclosure"), _RECORD),
}
"""What may be filed, by the url of its entry; and `Task`, which asks a question."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """One entry that was read: a question, with the name under which it is asked once; or a filing."""

    question: Question | None = None
    once: str | None = None
    filing: Filing | None = None
    filed: Any = None


@router.post("/fhir", response_model=None)
@router.post("/fhir/", response_model=None)
async def take(request: Request) -> FixedResponse:
    """Take a batch or a transaction."""
    arrived, gateway = pacing.now(), gateway_of(request)
    try:
        grant = await admitted(request, gateway)
        kind, entries = _bundle(await read_object(request, gateway.settings.max_body_bytes))
        read = [_read(one, grant) for one in entries]
        if kind == "transaction":
            _check_whole(read)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    try:
        answers = await _act(gateway, grant, read, is_one=kind == "transaction")
    finally:
        # INVARIANT: several filings have as much time as each alone, so that together they tell no more than one does.
        filings = sum(isinstance(one, _Sent) and one.filing is not None for one in read)
        steps = max(1, pacing.FILING_STEPS * filings)
        await pacing.until_step(arrived, steps * gateway.settings.neutral_step_ms)
    return FixedResponse(fixed_search.batch_response(kind, answers))


def _bundle(body: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
    if not is_plain(body):
        raise RefusedError(fixed.NOT_JSON)
    kind, entries = body.get("type"), body.get("entry", [])
    if body.get("resourceType") != "Bundle" or kind not in _TYPES or not isinstance(entries, list):
        raise RefusedError(fixed_search.NOT_A_BATCH)
    if len(entries) > MOST_ENTRIES:
        raise RefusedError(fixed_search.TOO_MANY_ENTRIES)
    return str(kind), entries


def _read(entry: Any, grant: Grant) -> _Sent | Departure:
    """Read one entry, or give the constant that refuses it."""
    asked = entry.get("request") if isinstance(entry, Mapping) else None
    if not isinstance(asked, Mapping) or asked.get("method") != "POST":
        return fixed_search.NOT_SENT_SO
    try:
        return _read_sent(asked, entry.get("resource"), grant)
    except RefusedError as refusal:
        return refusal.answer
    except QuestionError as error:
        return fixed.bad_element(error.field, error.rule)
    except FilingError as error:
        return fixed_consents.bad_filing(error)


def _read_sent(asked: Mapping[str, Any], resource: Any, grant: Grant) -> _Sent | Departure:
    url = str(asked.get("url")).lstrip("/")
    filing = FILED.get(url)
    if filing is not None:
        if not permits(grant.scopes, *filing.scope):
            return fixed_consents.LACKS[filing.scope]
        return _Sent(filing=filing, filed=filing.reader(resource))
    if url != "Task":
        return fixed_search.NOT_SENT_SO
    if not permits(grant.scopes, "Task", "c"):
        return fixed.OUT_OF_SCOPE
    question = read_question(resource)
    if question.purpose is Purpose.EMERGENCY:
        return fixed_search.ASKED_ALONE
    return _Sent(question=question, once=once_of(asked.get("ifNoneExist")))


def _check_whole(read: Sequence[_Sent | Departure]) -> None:
    """Refuse a transaction whole for its first bad entry, or where it could not be kept in one go."""
    for one in read:
        if isinstance(one, Departure):
            raise RefusedError(one)
    if len(read) > 1 and any(isinstance(one, _Sent) and one.filing for one in read):
        raise RefusedError(fixed_search.NOT_IN_ONE_GO)


async def _act(gateway: Gateway, grant: Grant, read: Sequence[_Sent | Departure], *, is_one: bool) -> list[Departure]:
    """Keep what was sent, in its order; in a transaction all questions in one go."""
    questions = [(one.question, one.once) for one in read if isinstance(one, _Sent) and one.question]
    if is_one and questions:
        told = await gateway.ask_all(grant, questions, gateway.now())
        return [fixed.acknowledgement(one.reference, one.received_at, one.due_at) for one in told]
    return [one if isinstance(one, Departure) else await _act_on(gateway, grant, one) for one in read]


async def _act_on(gateway: Gateway, grant: Grant, sent: _Sent) -> Departure:
    if sent.question is not None:
        (told,) = await gateway.ask_all(grant, [(sent.question, sent.once)], gateway.now())
        return fixed.acknowledgement(told.reference, told.received_at, told.due_at)
    if sent.filing is not None:
        await sent.filing.act(gateway)(grant, sent.filed, gateway.now())
    return fixed_consents.RECEIVED
