"""One report, one booking: what is refused, with which words; then what is read, and from where."""

import traceback
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.lead.custody import Bond, Charge, CustodyKind, PersonName
from mappings.lead.custody_health import Medication, Treatment
from mappings.niem.booking import Booking, Feed, read_bookings
from mappings.niem.xml import FeedError
from tests.fixtures.niem import build

LOS_ANGELES = Feed("cedar", ZoneInfo("America/Los_Angeles"))
CANARY = "Testina-Canary-Fir"
NUMBER = "j:Booking/j:BookingAgencyRecordIdentification/nc:IdentificationID"


def read(content: bytes, feed: Feed = LOS_ANGELES) -> Booking:
    (booking,) = read_bookings(content, feed)
    return booking


def simple(booking: str | None = None, person: str | None = None, *more: str) -> bytes:
    return build.wrap(
        build.booking(extra="") if booking is None else booking,
        build.person() if person is None else person,
        build.arrest(charges=""),
        build.location(),
        *more,
    )


def refused(content: bytes, feed: Feed = LOS_ANGELES) -> FeedError:
    with pytest.raises(FeedError) as caught:
        read_bookings(content, feed)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    return caught.value


class TestRefused:
    @pytest.mark.parametrize(
        "number",
        [
            "",
            "<j:BookingAgencyRecordIdentification/>",
            build.identification("j:BookingAgencyRecordIdentification", "  "),
            build.identification("j:BookingAgencyRecordIdentification", "").replace("ID>", 'ID xsi:nil="true">', 1),
            build.identification("nc:ActivityIdentification", CANARY),
        ],
    )
    def test_a_booking_without_a_number(self, number):
        error = refused(simple(build.booking(number_element=number)))
        assert (error.field, error.rule) == (NUMBER, "is required")
        assert error.position is not None

    def test_no_booking_at_all(self):
        assert str(refused(build.wrap(build.person()))) == "`j:Booking` is required"

    def test_another_root(self):
        error = refused(build.wrap(build.booking(), root="br-doc:CustodyReleaseReport"))
        assert error.field == "root"

    def test_another_namespace(self):
        content = build.report().replace(b"Exchange/BookingReport/1.0", f"Exchange/{CANARY}/1.0".encode())
        assert refused(content).field == "root"

    def test_elements_in_another_namespace_are_not_taken_for_ours(self):
        content = build.report().replace(b"niem/domains/jxdm/5.1/", b"niem/domains/jxdm/9.9/")
        assert str(refused(content)) == "`j:Booking` is required"

    def test_a_booking_about_nobody(self):
        assert refused(simple(build.booking(subject=""))).field == "j:Booking/j:BookingSubject/nc:RoleOfPerson"

    @pytest.mark.parametrize("time", ["", "<nc:DateTime/>", '<nc:DateTime xsi:nil="true"/>'])
    def test_a_booking_without_a_time(self, time):
        error = refused(simple(build.booking(time=time)))
        assert (error.field, error.rule) == ("j:Booking/nc:ActivityDate", "is required")

    @pytest.mark.parametrize(
        "text",
        [
            CANARY,
            "2026-13-02T10:00:00",
            "2026-02-30T10:00:00",
            "03/02/2026 10:00",
            "20260302T100000",
            "2026-W10-1",
            "2026-03-02T10:00:00+25:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
        ],
    )
    def test_a_time_that_is_none(self, text):
        error = refused(simple(build.booking(time=f"<nc:DateTime>{text}</nc:DateTime>")))
        assert error.field.startswith("nc:ActivityDate")

    def test_a_booking_in_the_future(self):
        received = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
        error = refused(simple(), Feed("cedar", ZoneInfo("America/Los_Angeles"), received))
        assert (error.field, error.rule) == ("j:Booking/nc:ActivityDate", "must not be in the future")

    @pytest.mark.parametrize("born", [CANARY, "1990-02-31", "31.12.1990", "19900405"])
    def test_a_birth_date_that_is_none(self, born):
        assert refused(simple(None, build.person(born=born))).field == "nc:PersonBirthDate/nc:Date"

    def test_a_birth_date_after_the_booking(self):
        error = refused(simple(None, build.person(born="2026-03-09")))
        assert (error.field, error.rule) == ("nc:Person/nc:PersonBirthDate", "must not be after the booking")

    @pytest.mark.parametrize("amount", [CANARY, "5,00", "NaN", "Infinity"])
    def test_a_bond_that_is_no_number(self, amount):
        bond = build.bond(amount=f"<nc:Amount>{amount}</nc:Amount>")
        assert refused(simple(None, None, build.charge(), bond)).field == "j:BailBondAmount/nc:Amount"

    def test_an_indicator_that_is_neither_true_nor_false(self):
        health = build.health(substance=CANARY)
        error = refused(simple(None, build.person(extra=build.health_link()), health))
        assert error.field == "ext:BehavioralHealthInformation/ext:SubstanceAbuseIndicator"

    def test_a_dangling_reference(self):
        error = refused(build.wrap(build.booking(subject=f'<nc:RoleOfPerson s:ref="{CANARY}"/>')))
        assert error.field == "nc:RoleOfPerson"

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def test_a_damaged_report_is_read_or_refused_and_nothing_else(self, data):
        content = bytearray(build.report())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=8))
        try:
            read_bookings(bytes(content), LOS_ANGELES)
        except FeedError as error:
            seen = error.__context__
        else:
            seen = None
        assert seen is None


class TestTime:
    def at(self, text: str, zone: str = "America/Los_Angeles") -> datetime:
        return read(simple(build.booking(time=text)), Feed("cedar", ZoneInfo(zone))).event.occurred_at

    def test_without_an_offset_it_is_the_jails_local_time(self):
        assert self.at("<nc:DateTime>2026-03-02T21:15:00</nc:DateTime>") == datetime(2026, 3, 3, 5, 15, tzinfo=UTC)

    def test_an_offset_wins_over_the_zone(self):
        for text in ("2026-03-02T21:15:00Z", "2026-03-02T15:15:00-06:00", "2026-03-02T21:15:00.0Z"):
            assert self.at(f"<nc:DateTime>{text}</nc:DateTime>") == datetime(2026, 3, 2, 21, 15, tzinfo=UTC)

    def test_an_hour_that_exists_twice_is_the_first(self):
        moment = self.at("<nc:DateTime>2026-11-01T01:30:00</nc:DateTime>")
        assert moment == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)

    def test_an_hour_that_does_not_exist_counts_by_the_offset_before(self):
        moment = self.at("<nc:DateTime>2026-03-08T02:30:00</nc:DateTime>")
        assert moment == datetime(2026, 3, 8, 10, 30, tzinfo=UTC)

    def test_a_day_alone_is_its_local_midnight_and_says_so(self):
        event = read(simple(build.booking(time="<nc:Date>2026-03-02</nc:Date>"))).event
        assert (event.occurred_at, event.day_only) == (datetime(2026, 3, 2, 8, tzinfo=UTC), True)

    def test_every_moment_is_in_utc(self):
        assert self.at("<nc:DateTime>2026-03-02T15:15:00-06:00</nc:DateTime>").tzinfo is UTC


class TestRead:
    event = read(build.report()).event

    def test_what_happened_where(self):
        event = self.event
        assert event.kind is CustodyKind.BOOKING
        assert (event.feed, event.message_id, event.booking_number) == ("cedar", "DOC-1/BK-1001", "BK-1001")
        assert (event.facility, event.agency, event.inmate_number) == ("CCJ", "Cedar County Sheriff", "INM-177")
        assert (event.custody_status, event.release_eligible_on) == ("PRET", date(2026, 6, 1))
        assert not event.day_only

    def test_who(self):
        person = self.event.person
        assert person.names == (PersonName("Testina", "Fir"),)
        assert person.aliases == (PersonName("Tess", "Spruce"),)
        assert person.birth_date == date(1990, 4, 5)
        assert dict(person.identifiers) == {
            "sid": "WA1234567",
            "fbi": "F1B2C3D4",
            "jail:cedar:inmate": "INM-177",
            "ssn-last-4": "3456",
        }

    @pytest.mark.parametrize("ssn", ["900-12-3456", "900123456", "XXX-XX-3456", "***-**-3456", "3456"])
    def test_a_social_security_number_never_stays_whole(self, ssn):
        event = read(simple(None, build.person(ssn=ssn))).event
        assert ("ssn-last-4", "3456") in event.person.identifiers
        assert "900" not in repr(event)

    @pytest.mark.parametrize("ssn", ["", "90012345678", "unknown", "900-12-345", "12345"])
    def test_what_is_no_social_security_number_is_dropped(self, ssn):
        identifiers = dict(read(simple(None, build.person(ssn=ssn))).event.person.identifiers)
        assert "ssn-last-4" not in identifiers

    def test_charges_in_order(self):
        assert self.event.charges == (
            Charge("Criminal trespass", "9A.52.080", "1a", "Pending"),
            Charge("Theft in the third degree", "9A.56.050", "1b", "Pending"),
        )

    def test_bonds_nil_among_them(self):
        assert self.event.bonds == (Bond("CASH", "Active", "500.00"), Bond("CASH", "Active", None))

    def test_health_apart_from_the_justice_part(self):
        health = self.event.behavioral_health
        assert health is not None
        assert (health.serious_mental_illness, health.substance_abuse, health.medicaid) == (False, True, True)
        assert health.diagnoses == ("Opioid use disorder F11.20", "Schizophrenia 295.10")
        assert health.medications == (
            Medication("Methadone", None, "80 mg", None),
            Medication("Olanzapine", None, None, None),
        )
        assert health.treatments == (Treatment("Outpatient group", "Fern Hill", date(2026, 1, 5), None, active=True),)
        rest = repr((self.event.charges, self.event.bonds, self.event.person, self.event.custody_status))
        assert "ethadone" not in rest
        assert "F11" not in rest

    def test_no_health_block_is_none(self):
        assert read(build.report(with_health=False)).event.behavioral_health is None

    def test_a_health_block_nested_in_the_person_or_in_a_countys_namespace(self):
        county = ' xmlns:x="http://ojbc.org/IEPD/Extensions/CedarCounty/1.0" s:id='
        block = build.health(substance="1").replace("br-ext:", "x:").replace(" s:id=", county, 1)
        health = read(simple(None, build.person(extra=block))).event.behavioral_health
        assert health is not None
        assert health.substance_abuse is True
        assert len(health.medications) == 2

    def test_a_person_nested_in_the_booking(self):
        name = "<nc:PersonName><nc:PersonFullName>FIR, TESTINA Q</nc:PersonFullName></nc:PersonName>"
        nested = f"<nc:RoleOfPerson>{name}</nc:RoleOfPerson>"
        person = read(simple(build.booking(subject=nested))).event.person
        assert person.names == (PersonName("TESTINA", "FIR", "Q"),)
        assert person.birth_date is None

    def test_the_order_of_elements_does_not_matter(self):
        elements = [*build.whole(), build.location(), build.DOCUMENT]
        turned = read(build.wrap(*reversed(elements))).event
        assert turned.person == self.event.person
        assert set(turned.charges) == set(self.event.charges)

    def test_the_alias_of_another_person_is_not_an_alias(self):
        officer = build.person("9", given="Officer", family="Wren") + build.alias("9", "Nick", "Name")
        event = read(build.wrap(*build.whole(), officer, build.location())).event
        assert event.person.aliases == (PersonName("Tess", "Spruce"),)

    def test_the_original_is_what_came_byte_for_byte(self):
        content = build.report()
        assert read(content).original == content

    def test_without_a_document_id(self):
        assert read(simple()).event.message_id == "-/BK-1001"
