"""Forty booking reports of the demo county's jail, in the OJBC dialect, about visibly invented people.

Trees for family names, birds for given names; social security numbers begin with 9, which is never issued.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from lxml import etree
from lxml.etree import _Element as Element

from mappings.lead.custody import FBI, SID, PersonDescription, PersonName
from mappings.lead.matching import Candidate, Weights, load_weights, match
from mappings.niem.names import BR_DOC, BR_EXT, CYFS, HS, ID, NC, REF, ROOT, J, S, j, nc

BOOKINGS: Final = 40
_NAMESPACES: Final = {"br-doc": BR_DOC, "br-ext": BR_EXT, "nc": NC, "j": J, "cyfs": CYFS, "hs": HS, "structures": S}
_GIVEN: Final = (
    "Avocet",
    "Bunting",
    "Crane",
    "Dipper",
    "Egret",
    "Finch",
    "Grebe",
    "Heron",
    "Ibis",
    "Jay",
    "Kestrel",
    "Linnet",
    "Merlin",
    "Nuthatch",
    "Oriole",
    "Pipit",
    "Quail",
    "Rail",
    "Sora",
    "Teal",
    "Veery",
    "Wigeon",
)
_FAMILY: Final = (
    "Ash",
    "Beech",
    "Cypress",
    "Dogwood",
    "Elm",
    "Hawthorn",
    "Hemlock",
    "Juniper",
    "Larch",
    "Linden",
    "Mahogany",
    "Oleander",
    "Pine",
    "Rowan",
    "Sequoia",
    "Tamarack",
    "Walnut",
    "Yew",
)
_CHARGES: Final = (
    ("Criminal trespass in the second degree", "9A.52.080"),
    ("Theft in the third degree", "9A.56.050"),
    ("Obstructing a public sidewalk", "12A.12.015"),
    ("Failure to appear", "10.19.130"),
    ("Disorderly conduct", "9A.84.030"),
)


@dataclass(frozen=True, slots=True)
class _Booked:
    """One person on their way into a report."""

    person: PersonDescription
    with_health: bool = False


def build_bookings(
    seed: int, participants: Sequence[Candidate], *, day: date = date(2026, 1, 12)
) -> list[tuple[str, bytes]]:
    """Return forty (file name, booking report), the same for the same arguments, booked on `day`, local times.

    The first of `participants`, who needs a SID, a name and a birth date, is certain by SID and birth date, and carries
    an alias and a behavioral-health block. One report is doubtful: the second participant's name and birth date
    without a SID, or, where there is no second, the first's SID with day and month of the birth date changed. The other
    thirty-eight are nobody among `participants`. Raises ValueError where the first lacks what is needed.
    """
    random = Random(seed)  # noqa: S311  -- sample data, no secret
    booked = [_certain(participants), _doubtful(participants), *_strangers(random, participants)]
    random.shuffle(booked)
    return [
        (f"booking-{number:02}.xml", _report(random, number, day, each)) for number, each in enumerate(booked, start=1)
    ]


def _certain(participants: Sequence[Candidate]) -> _Booked:
    first = participants[0] if participants else None
    sids = [] if first is None else [pair for pair in first.identifiers if pair[0] == SID]
    if first is None or not sids or not first.names or first.birth_date is None:
        raise ValueError("`participants[0]` must have a name, a birth date and a `sid`")
    alias = PersonName("Robin", first.names[0].family)
    person = PersonDescription(first.names[:1], (alias,), first.birth_date, (sids[0],))
    return _Booked(person, with_health=True)


def _doubtful(participants: Sequence[Candidate]) -> _Booked:
    if len(participants) > 1:
        second = participants[1]
        return _Booked(PersonDescription(second.names[:1], (), second.birth_date, ()))
    first = _certain(participants).person
    return _Booked(PersonDescription(first.names, (), _mistyped(first.birth_date or date.min), first.identifiers))


def _mistyped(born: date) -> date:
    """Return `born` with day and month exchanged where that is another day, else the day after."""
    if born.day != born.month and born.day <= 12:  # noqa: PLR2004  -- the months of a year
        return born.replace(month=born.day, day=born.month)
    return born + timedelta(days=1)


def _strangers(random: Random, participants: Sequence[Candidate]) -> Iterator[_Booked]:
    """Yield thirty-eight people, each of another name, none of whom resembles a participant."""
    weights = load_weights()
    names = [PersonName(given, family) for given in _GIVEN for family in _FAMILY]
    random.shuffle(names)
    made = (_stranger(random, name) for name in names)
    strangers = [each for each in made if _is_nobody(each.person, participants, weights)]
    yield from strangers[: BOOKINGS - 2]


def _stranger(random: Random, name: PersonName) -> _Booked:
    born = date(1960, 1, 1) + timedelta(days=random.randrange(16_000))
    identifiers = ((SID, f"WA{random.randrange(20_000_000, 30_000_000)}"), (FBI, f"{random.randrange(10**8):08}ZZ"))
    aliases = (PersonName("Wren", name.family),) if random.random() < 0.2 else ()  # noqa: PLR2004  -- one in five
    return _Booked(PersonDescription((name,), aliases, born, identifiers))


def _is_nobody(person: PersonDescription, participants: Sequence[Candidate], weights: Weights) -> bool:
    return match(person, participants, weights).result == "none"


def _report(random: Random, number: int, day: date, booked: _Booked) -> bytes:
    root = etree.Element(ROOT, nsmap=_NAMESPACES)
    at = datetime.combine(day, time(random.randrange(24), random.randrange(60)))
    charges = random.sample(_CHARGES, 2 if booked.with_health else random.randint(1, 3))
    _identified(root, nc("DocumentIdentification"), f"CCJ-{day:%Y%m%d}-{number:04}")
    _booking(root, number, at)
    _detention(root)
    for sequence, (description, statute) in enumerate(charges, start=1):
        _charge(root, sequence, description, statute)
        _bond(root, sequence, random.choice(("500.00", "1000.00", "2500.00")))
    _arrest(root, len(charges))
    _person(root, booked, f"9{random.randrange(10**8):08}")
    _aliases(root, booked.person.aliases)
    if booked.with_health:
        _health(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _add(parent: Element, *path: str, text: str | None = None, **links: str) -> Element:
    """Add the elements of `path`, each inside the one before; text and `id` or `ref` go to the last."""
    for tag in path:
        parent = etree.SubElement(parent, tag)
    parent.text = text
    for name, value in links.items():
        parent.set({"id": ID, "ref": REF}[name], value)
    return parent


def _identified(parent: Element, tag: str, value: str) -> None:
    _add(parent, tag, nc("IdentificationID"), text=value)


def _ext(name: str) -> str:
    return f"{{{BR_EXT}}}{name}"


def _booking(root: Element, number: int, at: datetime) -> None:
    booking = _add(root, j("Booking"), id="Booking_01")
    _add(booking, nc("ActivityDate"), nc("DateTime"), text=at.isoformat())  # no offset: the quirk of real feeds
    _add(booking, j("BookingAgency"), nc("OrganizationName"), text="Cedar County Sheriff")
    _identified(booking, j("BookingAgencyRecordIdentification"), f"BK-{at:%Y}-{number:05}")
    facility = _add(booking, j("BookingDetentionFacility"))
    _identified(facility, nc("FacilityIdentification"), "Cedar County Jail")
    subject = _add(booking, j("BookingSubject"))
    _add(subject, nc("RoleOfPerson"), ref="Person_01")
    _identified(subject, j("SubjectIdentification"), f"CCJ{number:06}")
    _add(booking, j("Arrest"), ref="Arrest_01")


def _detention(root: Element) -> None:
    detention = _add(root, j("Detention"), id="Detention_01")
    _add(detention, nc("SupervisionCustodyStatus"), nc("StatusDescriptionText"), text="PRET")
    association = _add(root, j("ActivityCaseAssociation"))
    _add(association, nc("Activity"), ref="Booking_01")
    _add(association, nc("Activity"), ref="Detention_01")


def _charge(root: Element, sequence: int, description: str, statute: str) -> None:
    charge = _add(root, j("Charge"), id=f"Charge_{sequence:02}")
    _add(charge, j("ChargeDescriptionText"), text=description)
    _add(charge, j("ChargeDisposition"), nc("DispositionText"), text="Pending")
    _add(charge, j("ChargeSequenceID"), text=str(sequence))
    _identified(_add(charge, j("ChargeStatute")), j("StatuteCodeSectionIdentification"), statute)


def _bond(root: Element, sequence: int, amount: str) -> None:
    bond = _add(root, j("BailBond"), id=f"Bond_{sequence:02}")
    _add(bond, nc("ActivityCategoryText"), text="CASH")
    _add(bond, nc("ActivityStatus"), nc("StatusDescriptionText"), text="Active")
    _add(bond, j("BailBondAmount"), nc("Amount"), text=amount)
    association = _add(root, j("BailBondChargeAssociation"))
    _add(association, j("BailBond"), ref=f"Bond_{sequence:02}")
    _add(association, j("Charge"), ref=f"Charge_{sequence:02}")


def _arrest(root: Element, charges: int) -> None:
    arrest = _add(root, j("Arrest"), id="Arrest_01")
    for sequence in range(1, charges + 1):
        _add(arrest, j("ArrestCharge"), ref=f"Charge_{sequence:02}")


def _name(parent: Element, name: PersonName) -> None:
    element = _add(parent, nc("PersonName"))
    _add(element, nc("PersonGivenName"), text=name.given)
    if name.middle:
        _add(element, nc("PersonMiddleName"), text=name.middle)
    _add(element, nc("PersonSurName"), text=name.family)


def _person(root: Element, booked: _Booked, ssn: str) -> None:
    person = _add(root, nc("Person"), id="Person_01")
    if booked.person.birth_date:
        _add(person, nc("PersonBirthDate"), nc("Date"), text=booked.person.birth_date.isoformat())
    for name in booked.person.names:
        _name(person, name)
    _identified(person, nc("PersonSSNIdentification"), ssn)
    augmentation = _add(person, j("PersonAugmentation"))
    tags = {SID: j("PersonStateFingerprintIdentification"), FBI: j("PersonFBIIdentification")}
    for system, value in booked.person.identifiers:
        _identified(augmentation, tags[system], value)
    if booked.with_health:
        _add(person, _ext("PersonBehavioralHealthInformation"), ref="PBHI_01")


def _aliases(root: Element, aliases: Sequence[PersonName]) -> None:
    for number, alias in enumerate(aliases, start=1):
        identity = _add(root, nc("Identity"), id=f"Alias_{number:02}")
        _name(_add(identity, nc("IdentityPersonRepresentation")), alias)
        association = _add(root, nc("PersonAliasIdentityAssociation"))
        _add(association, nc("Person"), ref="Person_01")
        _add(association, nc("Identity"), ref=f"Alias_{number:02}")


def _health(root: Element) -> None:
    block = _add(root, _ext("BehavioralHealthInformation"), id="PBHI_01")
    _add(block, _ext("SeriousMentalIllnessIndicator"), text="false")
    _add(block, _ext("SubstanceAbuseIndicator"), text="true")
    _add(block, j("Evaluation"), j("EvaluationDiagnosisDescriptionText"), text="Opioid use disorder F11.20")
    medication = _add(block, _ext("PrescribedMedication"))
    _add(medication, f"{{{CYFS}}}Medication", nc("ItemName"), text="Methadone")
    _add(medication, f"{{{CYFS}}}MedicationDoseMeasure", nc("MeasureValueText"), text="80 mg")
    _add(block, f"{{{HS}}}MedicaidIndicator", text="true")
