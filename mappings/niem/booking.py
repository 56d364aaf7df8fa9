"""OJBC BookingReport (NIEM 3.0, JXDM 5.1) -> our custody events, one for each booking in the report.

Root `br-doc:BookingReport`; element names in `mappings.niem.names`. Nothing is taken from where it is nested: links
are resolved, so a sender may put a person inside the booking or anywhere else and point to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from lxml.etree import _Element as Element

from mappings.lead.custody import Bond, Charge, CustodyEvent, CustodyKind
from mappings.niem import names, values
from mappings.niem.behavioral_health import read_behavioral_health
from mappings.niem.names import ext, j, nc
from mappings.niem.parts import parts, subject_of
from mappings.niem.person import describe
from mappings.niem.references import References
from mappings.niem.xml import FeedError, line_of, safe_parse

CLOCK_SKEW: Final = timedelta(days=1)
_IDENTIFICATION: Final = nc("IdentificationID")
_BOOKING_ID: Final = "j:Booking/j:BookingAgencyRecordIdentification/nc:IdentificationID"
_TIME: Final = "j:Booking/nc:ActivityDate"


@dataclass(frozen=True, slots=True)
class Feed:
    """What a message does not say about itself: the feed it came by, the zone of its clocks, when it was received.

    `received_at` (aware) None: nothing can be called a moment in the future.
    """

    name: str
    zone: tzinfo
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking with the bytes that concern it: the report as received, or the part of it about this booking."""

    event: CustodyEvent
    original: bytes


def read_bookings(content: bytes, feed: Feed) -> list[Booking]:
    """Return every booking in the report, at least one, in its order.

    A booking that the report holds twice, word for word, is returned once. Raises `FeedError`, and then returns
    nothing of the report, for: unsafe or malformed XML, another root, broken links, a booking without number, time or
    person, two different bookings under one number, a moment more than a day after `received_at`, unreadable values,
    or several bookings that cannot be told apart.
    """
    refs = _report(content)
    bookings = list(refs.everywhere(j("Booking")))
    if not bookings:
        raise FeedError("j:Booking", "is required")
    if len(bookings) == 1:
        return [Booking(_event(refs, bookings[0], feed), content)]
    return _unrepeated(_one(part, feed) for part in parts(refs, bookings))


def _report(content: bytes) -> References:
    root = safe_parse(content)
    if root.tag != names.ROOT:
        raise FeedError("root", f"must be BookingReport in the namespace {names.BR_DOC}", line_of(root))
    return References(root)


def _one(part: bytes, feed: Feed) -> Booking:
    refs = _report(part)
    (booking,) = refs.everywhere(j("Booking"))
    return Booking(_event(refs, booking, feed), part)


def _unrepeated(bookings: Iterator[Booking]) -> list[Booking]:
    known: dict[str, Booking] = {}
    for booking in bookings:
        first = known.setdefault(booking.event.booking_number, booking)
        if first.event != booking.event:
            raise FeedError(_BOOKING_ID, "must not be given to two different bookings")
    return list(known.values())


def _event(refs: References, booking: Element, feed: Feed) -> CustodyEvent:
    number = refs.text(booking, j("BookingAgencyRecordIdentification"), _IDENTIFICATION)
    if number is None:
        raise FeedError(_BOOKING_ID, "is required", line_of(booking))
    inmate = refs.text(booking, j("BookingSubject"), j("SubjectIdentification"), _IDENTIFICATION)
    occurred_at, day_only = _occurred(refs, booking, feed)
    facility = refs.first(booking, j("BookingDetentionFacility"))
    document = refs.text(refs.root, nc("DocumentIdentification"), _IDENTIFICATION)
    person = subject_of(refs, booking)
    return CustodyEvent(
        kind=CustodyKind.BOOKING,
        feed=feed.name,
        message_id=f"{document or '-'}/{number}",
        booking_number=number,
        inmate_number=inmate,
        facility=None if facility is None else _facility(refs, facility),
        agency=refs.text(booking, j("BookingAgency"), nc("OrganizationName")),
        occurred_at=occurred_at,
        day_only=day_only,
        custody_status=_custody_status(refs),
        release_eligible_on=_release_eligible(refs),
        status_code=next((refs.text(e) for e in refs.everywhere(ext("BookingStatusCode"))), None),
        charges=tuple(_charge(refs, charge) for charge in refs.everywhere(j("Charge"))),
        bonds=tuple(_bond(refs, bond) for bond in refs.everywhere(j("BailBond"))),
        person=describe(refs, person, feed.name, inmate, born_by=occurred_at.date()),
        behavioral_health=read_behavioral_health(refs),
    )


def _occurred(refs: References, booking: Element, feed: Feed) -> tuple[datetime, bool]:
    holder = refs.first(booking, nc("ActivityDate"))
    found = None if holder is None else values.moment(refs, holder, feed.zone)
    if found is None:
        raise FeedError(_TIME, "is required", line_of(booking))
    if feed.received_at is not None and found[0] > feed.received_at + CLOCK_SKEW:
        raise FeedError(_TIME, "must not be in the future", line_of(booking))
    return found


def _facility(refs: References, facility: Element) -> str | None:
    return refs.text(facility, nc("FacilityIdentification"), _IDENTIFICATION) or refs.text(facility, nc("FacilityName"))


def _custody_status(refs: References) -> str | None:
    path = (nc("SupervisionCustodyStatus"), nc("StatusDescriptionText"))
    return next(filter(None, (refs.text(each, *path) for each in refs.everywhere(j("Detention")))), None)


def _release_eligible(refs: References) -> date | None:
    for detention in refs.everywhere(j("Detention")):
        holder = refs.first(detention, j("SupervisionAugmentation"), j("SupervisionReleaseEligibilityDate"))
        if holder is not None:
            return values.day(refs, holder)
    return None


def _charge(refs: References, charge: Element) -> Charge:
    statute = (j("ChargeStatute"), j("StatuteCodeSectionIdentification"), _IDENTIFICATION)
    statute_whole = (j("ChargeStatute"), j("StatuteCodeIdentification"), _IDENTIFICATION)
    disposition = j("ChargeDisposition")
    return Charge(
        description=refs.text(charge, j("ChargeDescriptionText")),
        statute=refs.text(charge, *statute) or refs.text(charge, *statute_whole),
        sequence=refs.text(charge, j("ChargeSequenceID")),
        disposition=refs.text(charge, disposition, nc("DispositionText"))
        or refs.text(charge, disposition, nc("DispositionDescriptionText")),
        level=refs.text(charge, j("ChargeCategoryDescriptionText")) or refs.text(charge, j("ChargeSeverityText")),
        hold_for=refs.text(charge, ext("HoldForAgency"), nc("OrganizationName")),
    )


def _bond(refs: References, bond: Element) -> Bond:
    held = refs.first(bond, j("BailBondAmount"))
    return Bond(
        kind=refs.text(bond, nc("ActivityCategoryText")),
        status=refs.text(bond, nc("ActivityStatus"), nc("StatusDescriptionText")),
        amount=None if held is None else values.amount(refs, held),
    )
