"""Twists of moments and days: every border of the page, a second or a day to either side of it."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tests.evaluator.cast import CLASSES_COUNT_FROM, NAME, PARTICIPANT, Dice

Json = dict[str, Any]
Twist = Callable[[Dice, Json], None]


def at(world: Json) -> datetime:
    return datetime.fromisoformat(world["request"]["at"])


def some_consent(dice: Dice, world: Json) -> Json:
    """One of the consents; where there is none, one that nobody will look at."""
    found = world["facts"]["consents"]
    one: Json = dice.pick(found) if found else {"grants": [], "revocations": []}
    return one


def some_grant(dice: Dice, world: Json) -> Json:
    found = [grant for consent in world["facts"]["consents"] for grant in consent["grants"]]
    one: Json = dice.pick(found) if found else {}
    return one


def asker(world: Json) -> Json:
    """The organization that asks; where it is not in the file, one that nobody will look at."""
    found = [one for one in world["facts"]["organizations"] if one["id"] == world["request"]["requester"]]
    one: Json = found[0] if found else {}
    return one


def she(world: Json) -> Json:
    """The participant whom the question is about; where she is not in the file, one whom nobody will look at."""
    found = [one for one in world["facts"]["participants"] if one["id"] == world["request"]["participant"]]
    one: Json = found[0] if found else {}
    return one


def grant_expires(dice: Dice, world: Json) -> None:
    some_grant(dice, world)["expires"] = dice.write(dice.near(at(world)))


def grant_never_expires(dice: Dice, world: Json) -> None:
    some_grant(dice, world)["expires"] = "none"


def grant_ends_with_an_event(dice: Dice, world: Json) -> None:
    consent = some_consent(dice, world)
    for grant in consent["grants"]:
        grant["expires"] = "event:case closed"
    name = dice.pick(("case closed", "case closed", "case closed", "Case closed"))
    consent["events"] = [{"name": name, "at": dice.write(dice.near(at(world)))}]
    if dice.chance(0.2):
        del consent["events"]


def another_consents_event(dice: Dice, world: Json) -> None:
    some_consent(dice, world)["events"] = [{"name": "case closed", "at": dice.write(at(world))}]


def order_expires(dice: Dice, world: Json) -> None:
    for order in world["facts"]["court_orders"]:
        order["expires"] = dice.write(dice.near(at(world)))


def signed_now(dice: Dice, world: Json) -> None:
    some_consent(dice, world)["signed_at"] = dice.write(dice.near(at(world)))


def signed_when_classes_began(dice: Dice, world: Json) -> None:
    some_consent(dice, world)["signed_at"] = dice.write(dice.near(dice.local(CLASSES_COUNT_FROM)))


def _named(dice: Dice, own: list[str]) -> Any:
    """Grants as a revocation or a hold may name them: all, some, none, or one that is not there."""
    unknown = [dice.pick(("g9", "G1"))]
    return dice.pick(("all", "all", own[:1], own[:1], own[-1:], own[1:], unknown, [*own[-1:], *unknown]))


def revoked(dice: Dice, world: Json) -> None:
    consent = some_consent(dice, world)
    named = _named(dice, [grant["id"] for grant in consent["grants"]])
    made = {"at": dice.write(dice.near(at(world))), "grants": named, "mode": dice.pick(("written", "oral"))}
    consent["revocations"].append(made)


def held(dice: Dice, world: Json) -> None:
    consents = world["facts"]["consents"]
    ids = [grant["id"] for consent in consents for grant in consent["grants"]]
    whose = dice.pick((PARTICIPANT, PARTICIPANT, PARTICIPANT, "P1", "p2"))
    made = {"participant": whose, "at": dice.write(dice.near(at(world))), "grants": _named(dice, ids)}
    world["facts"]["holds"].append(made)


def agreement_ends(dice: Dice, world: Json) -> None:
    asker(world)["agreement_expires"] = dice.day(at(world), dice.pick((-1, 0, 0, 1)))


def agreement_is_not_known(dice: Dice, world: Json) -> None:
    asker(world).pop("agreement_expires", None)
    if dice.chance(0.5):
        asker(world)["hipaa_status"] = dice.pick(("none", "covered-entity", "business-associate"))


def _years_before(day: date, years: int) -> date:
    leap_day = day.month == 2 and day.day == 29
    return day.replace(year=day.year - years, day=28 if leap_day else day.day)


def young(dice: Dice, world: Json) -> None:
    """Signed on the very day of a birthday, the day before or the day after; now and then born on a leap day."""
    consent = some_consent(dice, world)
    if "signed_at" not in consent:
        return
    years = dice.pick((13, 18, 18, 15))
    if dice.chance(0.2):
        consent["signed_at"] = dice.write(dice.near(dice.local((2026, dice.pick((3, 2)), dice.pick((1, 28))))))
        she(world)["birth_date"] = dice.pick(("2008-02-29", "2008-02-28", "2008-03-01"))
    else:
        signed = date.fromisoformat(dice.day(datetime.fromisoformat(consent["signed_at"]), dice.pick((-1, 0, 0, 1))))
        she(world)["birth_date"] = _years_before(signed, years).isoformat()
    world["facts"]["site"]["state"] = dice.pick(("WA", "WA", "OR", "wa"))
    if dice.chance(0.4):
        consent["signer"] = {"name": "Fern Alder", "capacity": dice.pick(("parent", "guardian"))}
        consent["signer"]["authority"] = "letters of the court"


def birth_is_not_known(_: Dice, world: Json) -> None:
    she(world).pop("birth_date", None)


def record_begins(dice: Dice, world: Json) -> None:
    item = dice.pick(world["facts"]["record"])
    created = datetime.fromisoformat(item["created"])
    some_grant(dice, world)["record_from"] = dice.day(created, dice.pick((0, 0, 1)))


def record_ends(dice: Dice, world: Json) -> None:
    item = dice.pick(world["facts"]["record"])
    created = datetime.fromisoformat(item["created"])
    some_grant(dice, world)["record_to"] = dice.day(created, dice.pick((0, 0, -1)))


def somebody_with_authority(dice: Dice, world: Json) -> None:
    capacity = dice.pick(("guardian", "personal-representative", "executor", "parent"))
    signer = {"name": "Fern Alder", "capacity": capacity, "authority": dice.pick(("letters", "letters", "", " "))}
    some_consent(dice, world)["signer"] = signer
    if dice.chance(0.2):
        del signer["authority"]


def signs_a_name(dice: Dice, world: Json) -> None:
    name = dice.pick(
        ("ray alder", "RAY  ALDER", " Ray Alder ", "Ray\tAlder", "Ray Elder", "R. Alder", "RayAlder", "Ray\u00a0Alder")
    )
    some_consent(dice, world)["signer"] = {"name": name, "capacity": "self"}
    some_consent(dice, world)["patient_name"] = dice.pick((NAME, NAME, "Ray Elder"))


TIME: tuple[Twist, ...] = (
    grant_expires,
    grant_never_expires,
    grant_ends_with_an_event,
    another_consents_event,
    order_expires,
    signed_now,
    signed_when_classes_began,
    *(revoked, revoked, held, held),
    agreement_ends,
    agreement_is_not_known,
    *(young, young),
    birth_is_not_known,
    record_begins,
    record_ends,
    somebody_with_authority,
    signs_a_name,
)
