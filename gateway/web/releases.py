"""Release of information: what is signed, and the guided form, agency by agency, purpose by purpose.

The form keeps nothing until it is signed: each step carries in hidden fields what was typed before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from consent.codes import Capacity, Category, ConsentKind, Purpose
from consent.explain import LANGUAGES
from consent.model import Consent, Organization, Signer
from gateway import use
from gateway.offering import KINDS, never_because, offered, purposes, recipients
from gateway.previewing import Preview, previews
from gateway.releasing import REFUSED, ReleaseError, Table, consent_of, looked_over, refuse, table_of
from gateway.store.values import ParticipantRecord
from gateway.web.guard import for_roles, form_of, program_of
from gateway.web.readable import facts_of
from gateway.web.release_form import (
    AGENCY,
    CHECK,
    SIGN,
    WHO,
    Typed,
    circumstances_of,
    filled_of,
    missing,
    typed_of,
)
from gateway.web.rendering import page, see_other
from gateway.web.roles import CASEWORK
from gateway.web.said import EVENTS, Said, said
from gateway.web.seeing import full_name, visible_participant
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from mappings.tables.minors import load_ages

router = APIRouter()

MAY = Annotated[Visit, Depends(for_roles(CASEWORK))]
PLACE: Final = "/console/participants/{identity}/releases"
KIND_WORDS: Final[Mapping[ConsentKind, tuple[str, str]]] = {
    ConsentKind.ROI: ("Release of information", "The usual form."),
    ConsentKind.NOTES: ("Session notes, alone", "Each kind of notes in a row of its own. No help may depend on it."),
    ConsentKind.PROCEEDING: ("One court proceeding, alone", "With counsel present. A defender looks before it counts."),
    ConsentKind.CJ_2_35: ("Court monitoring (2.35)", "Only where the site allows it, with four terms named."),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom a page is about, what is on the table, and the site's clocks."""

    table: Table
    zone: ZoneInfo
    at: datetime
    own: str
    refused: tuple[tuple[datetime, tuple[str, ...], str], ...] = ()
    signed: tuple[Consent, ...] = field(default=(), hash=False)

    @property
    def record(self) -> ParticipantRecord:
        """The participant."""
        return self.table.record

    def may_receive(self, kind: ConsentKind) -> tuple[Organization, ...]:
        """Give who may be asked about."""
        t = self.table
        return recipients(kind, t.organizations.values(), t.site, t.policy, own=self.own, at=self.at)


async def desk_of(request: Request, visit: Visit, identity: UUID) -> Desk:
    """Load what a page needs. Raises NotForYouError."""
    program, at = program_of(request), program_of(request).now()
    zone = await zone_of(program.store)
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, at)
        return Desk(await table_of(uow, record, load_ages()), zone, at, visit.session.organization)


@router.get(f"{PLACE}/new", response_model=None)
async def begin(request: Request, identity: UUID, visit: MAY) -> Response:
    """Begin a form; with `?agency=ID` the addendum of one row, for a partner who has joined since."""
    desk = await desk_of(request, visit, identity)
    async with program_of(request).store.unit_of_work() as uow:
        await use.seen(uow, [identity], visit.session.organization, visit.session.staff, "release-form", desk.at)
        await uow.commit()
    agencies = tuple(request.query_params.getlist("agency"))
    typed = Typed({"draft": (str(uuid4()),), "kind": ("roi",), "source": (desk.own,), "agency": agencies})
    return show(request, visit, desk, typed, f"{AGENCY}{agencies[0]}" if agencies else WHO, {})


@router.post(f"{PLACE}/new", response_model=None)
async def step(request: Request, identity: UUID, visit: MAY) -> Response:
    """Take a step in, and show the next; or the same again with what it lacks."""
    desk = await desk_of(request, visit, identity)
    given = await form_of(request)
    typed, now = typed_of(given), str(given.get("step", WHO))
    go = str(given.get("go", "next"))
    if go != "next" and go in typed.steps():
        return show(request, visit, desk, typed, go, {})
    errors = missing(typed, now, desk.at.astimezone(desk.zone).date())
    errors |= _strange(desk, typed)
    return show(request, visit, desk, typed, now if errors else typed.after(now), errors)


def _strange(desk: Desk, typed: Typed) -> dict[str, str]:
    """Say what cannot have come from the form: an agency that is not offered."""
    known = {each.id for each in desk.may_receive(typed.kind)}
    if set(typed.all("agency")) <= known:
        return {}
    return {"agency": "Who: this kind of form can tell that agency nothing (42 CFR 2.31(b), (d), 2.35)."}


def show(
    request: Request, visit: Visit, desk: Desk, typed: Typed, now: str, errors: Mapping[str, str], **more: Any
) -> Response:
    """Give the page of a step."""
    steps = typed.steps()
    strange = now.removeprefix(AGENCY) not in desk.table.organizations if now.startswith(AGENCY) else now not in steps
    now = WHO if strange else now
    name = "agency" if now.startswith(AGENCY) else now
    about: dict[str, Any] = {
        "who": _about_who,
        "agency": _about_agency,
        CHECK: about_check,
        SIGN: about_check,
    }[name](desk, typed, now, visit)
    return page(
        request,
        f"release_{name}.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        record=desk.record,
        name=full_name(desk.record),
        typed=typed,
        step=now,
        number=steps.index(now) + 1 if now in steps else 1,
        steps=len(steps),
        before=steps[steps.index(now) - 1] if now in steps[1:] else "",
        carried=tuple(typed.carried(now)),
        errors=errors,
        words=LANGUAGES[typed.language],
        **about,
        **more,
    )


def _about_who(desk: Desk, typed: Typed, _: str, __: Visit) -> dict[str, Any]:
    site = desk.table.site
    kinds = [kind for kind in KINDS if kind is not ConsentKind.CJ_2_35 or site.cj_2_35_enabled]
    sources = sorted(desk.table.organizations.values(), key=lambda each: (each.id != desk.own, each.name))
    return {
        "kinds": [(kind.value, *KIND_WORDS[kind]) for kind in kinds],
        "offers": desk.may_receive(typed.kind),
        "sources": sources,
    }


def _about_agency(desk: Desk, typed: Typed, now: str, _: Visit) -> dict[str, Any]:
    agency = desk.table.organizations[now.removeprefix(AGENCY)]
    policy, kind, words = desk.table.policy, typed.kind, LANGUAGES[typed.language]
    rows, all_of_it = [], frozenset[Category]()
    for purpose in purposes(kind, agency.kind, policy):
        most = offered(kind, agency.kind, purpose, policy)
        all_of_it |= most
        cells = [(f"{agency.id}|{purpose.value}|{c.value}", words.categories[c]) for c in Category if c in most]
        rows.append((words.purposes[purpose], cells))
    never = [(words.categories[c], never_because(kind, agency.kind, c)) for c in Category if c not in all_of_it]
    return {"agency": agency, "rows": rows, "never": never, "events": EVENTS[typed.language]}


def form_from(desk: Desk, typed: Typed) -> Consent:
    """Make the form that was typed."""
    return consent_of(filled_of(typed, desk.zone), desk.table, desk.at)


def sentences(desk: Desk, form: Consent, language: str) -> tuple[Said, ...]:
    """Say a form, row by row, in the participant's words."""
    organizations = desk.table.organizations
    return tuple(said(f"{form.id}/{each.id}", each, organizations, desk.zone, language) for each in form.grants)


def about_check(desk: Desk, typed: Typed, now: str, visit: Visit) -> dict[str, Any]:
    """Say what the form says, and what it lacks: before it is signed the signature alone is not missed."""
    form = form_from(desk, typed)
    checked = replace(form, signer=Signer(form.patient_name, Capacity.SELF)) if now == CHECK else form
    found = looked_over(checked, desk.table, circumstances_of(typed, visit.session.name), desk.at)
    lacking = [each for each in found.failing if now != CHECK or each.element != "P2-23"]  # who else signs: at signing
    names = {each.id: each.name for each in desk.table.organizations.values()}
    return {
        "form_of": form,
        "said": sentences(desk, form, typed.language),
        "lacking": lacking,
        "warnings": [each for each in found.warnings if each.field not in {"copy_given", "notice_given"}],
        "authorization": found.authorization,
        "refused": [names.get(each, each) for each in typed.refused],
    }


@router.post(f"{PLACE}/preview", response_model=None)
async def preview(request: Request, identity: UUID, visit: MAY) -> Response:
    """Show what the recipients would read if it were signed as it is filled in now; `one`: that recipient alone."""
    desk = await desk_of(request, visit, identity)
    given = await form_of(request)
    typed, form = typed_of(given), form_from(desk, typed_of(given))
    found = await previews(program_of(request).store, form, staff=visit.session.staff, at=desk.at)
    only = str(given.get("one", ""))
    shown = [_shown(desk, typed, each) for each in found if only in ("", each.recipient)]
    return page(
        request,
        "release_preview.html",
        visit,
        record=desk.record,
        name=full_name(desk.record),
        previews=shown,
        back=str(given.get("step", CHECK)),
        carried=tuple((name, each) for name, values in typed.values.items() for each in values if name != "one"),
    )


def _shown(desk: Desk, typed: Typed, found: Preview) -> dict[str, Any]:
    words = LANGUAGES[typed.language]
    known = desk.table.organizations.get(found.recipient)
    return {
        "who": found.recipient if known is None else known.name,
        "why": words.purposes[Purpose(found.purpose)],
        "told": found.told,
        "items": [
            (each["category"], facts_of(each.get("resource"), desk.zone)) for each in found.told.get("resources", ())
        ],
        "kept": [(each.value, [words.reasons.get(rule, rule) for rule in rules]) for each, rules in found.kept],
    }


@router.post(f"{PLACE}/refused", response_model=None)
async def say_no(request: Request, identity: UUID, visit: MAY) -> Response:
    """Record who was asked about and refused. Nothing else follows."""
    desk = await desk_of(request, visit, identity)
    typed = typed_of(await form_of(request))
    try:
        await refuse(
            program_of(request).store,
            identity,
            frozenset(typed.refused),
            again=typed.one("again"),
            by=visit.session.staff,
            at=desk.at,
        )
    except ReleaseError:
        return show(request, visit, desk, typed, CHECK, {"refused": "Refused: they said no to nobody."})
    return see_other(request, f"/console/participants/{identity}/releases")


__all__ = ["REFUSED", "router"]
