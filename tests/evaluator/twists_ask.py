"""Twists of the question, of who asks, of the record and of the site."""

from tests.evaluator.cast import PARTICIPANT, Dice
from tests.evaluator.page import CATEGORIES, KINDS, MEDICAL_ROLES, NEVER_SERVED, NOTES, PURPOSES
from tests.evaluator.twists_time import Json, Twist, asker, she

EMERGENCY_TEXTS = ("nature", "personnel_name", "personnel_affiliation", "discloser")


def purpose(dice: Dice, world: Json) -> None:
    """Another purpose, often with grants that list it, so that only the page's own word stands against it."""
    asked = dice.pick(NEVER_SERVED if dice.chance(0.3) else PURPOSES)
    world["request"]["purpose"] = asked
    world["request"].setdefault("emergency", dict.fromkeys(EMERGENCY_TEXTS, "said"))
    if dice.chance(0.6):
        for consent in world["facts"]["consents"]:
            for grant in consent["grants"]:
                grant["purposes"] = [asked]


def attested(dice: Dice, world: Json) -> None:
    world["request"]["attested"] = False
    if dice.chance(0.4):
        del world["request"]["attested"]


def person(dice: Dice, world: Json) -> None:
    name = dice.pick(("J. Lee", "J.Lee", "j. lee", "Jo Lee", ""))
    role = dice.pick((*sorted(MEDICAL_ROLES), "Nurse", "", " ", "liaison", "Liaison"))
    world["request"]["person"] = {"name": name, "role": role}
    if dice.chance(0.3):
        del world["request"]["person"]


def emergency(dice: Dice, world: Json) -> None:
    left_out = {name: dice.pick(("", " ", "said")) for name in dice.some(EMERGENCY_TEXTS, 1, 3)}
    declared = dict.fromkeys(EMERGENCY_TEXTS, "said") | left_out
    world["request"]["emergency"] = declared
    if dice.chance(0.3):
        del world["request"]["emergency"]


def items(dice: Dice, world: Json) -> None:
    known = [one["id"] for one in world["facts"]["record"]]
    again, strange, none = [known[0], *known], [*known, "i9", known[0].upper()], list[str]()
    world["request"]["items"] = dice.pick((again, strange, none, known[1:], known[::-1]))
    if dice.chance(0.3):
        del world["request"]["items"]


def of_somebody_else(dice: Dice, world: Json) -> None:
    one = dice.pick(world["facts"]["record"])
    one["participant"] = dice.pick(("P1", "p2", "nobody"))


def twin_item(dice: Dice, world: Json) -> None:
    one = dice.pick(world["facts"]["record"])
    if one["id"].islower() and one["id"].upper() not in [other["id"] for other in world["facts"]["record"]]:
        world["facts"]["record"].append(one | {"id": one["id"].upper(), "participant": dice.pick((PARTICIPANT, "p2"))})


def category(dice: Dice, world: Json) -> None:
    """Another category, often with grants that list it, so that only the ceiling stands against it."""
    new = dice.pick(NOTES if dice.chance(0.2) else CATEGORIES)
    dice.pick(world["facts"]["record"])["category"] = new
    if dice.chance(0.7):
        for consent in world["facts"]["consents"]:
            for grant in consent["grants"]:
                grant["categories"] = sorted({*grant["categories"], new})


def source(dice: Dice, world: Json) -> None:
    sources = (None, "org:nowhere", "org:harbor", "org:beacon", "org:otp", "org:ed", "org:asks", "ORG:ED")
    dice.pick(world["facts"]["record"])["source"] = dice.pick(sources)


def asker_is(dice: Dice, world: Json) -> None:
    asker(world)["kind"] = dice.pick(KINDS)


def somebody_is(dice: Dice, world: Json) -> None:
    """A source, often, becomes another kind of organization, or differs in its standing under the two laws."""
    one = dice.pick(world["facts"]["organizations"])
    what = dice.pick(("kind", "part2_status", "hipaa_status", "part2_status"))
    one[what] = {
        "kind": dice.pick(KINDS),
        "part2_status": dice.pick(("program", "not-program", "unknown")),
        "hipaa_status": dice.pick(("covered-entity", "business-associate", "none")),
    }[what]


def source_leaves_hipaa(_: Dice, world: Json) -> None:
    """What came from clinics comes from clinics still, but HIPAA does not bind them."""
    for one in world["facts"]["organizations"]:
        one["hipaa_status"] = one["hipaa_status"] if one is asker(world) else "none"


def unlisted(dice: Dice, world: Json) -> None:
    """An organization, the one that asks or another, is not in the file after all."""
    listed = world["facts"]["organizations"]
    listed.remove(asker(world) if asker(world) and dice.chance(0.4) else dice.pick(listed))


def another_asks(dice: Dice, world: Json) -> None:
    world["request"]["requester"] = dice.pick(("ORG:ASKS", "org:nobody", "org:harbor", "org:ed", "org:otp"))


def about_another(dice: Dice, world: Json) -> None:
    world["request"]["participant"] = dice.pick(("P1", "p2", "nobody"))


def she_is_not_known(_: Dice, world: Json) -> None:
    world["facts"]["participants"] = [one for one in world["facts"]["participants"] if one["id"] != PARTICIPANT]


def custody(dice: Dice, world: Json) -> None:
    she(world)["in_custody"] = False
    if dice.chance(0.4):
        she(world).pop("in_custody", None)


def treating(dice: Dice, world: Json) -> None:
    she(world)["treating"] = dice.pick(([], ["ORG:ASKS"], ["org:ed"]))
    if dice.chance(0.3):
        she(world).pop("treating", None)


def restriction(dice: Dice, world: Json) -> None:
    categories = [one["category"] for one in world["facts"]["record"]]
    made: Json = {"participant": dice.pick((PARTICIPANT, PARTICIPANT, PARTICIPANT, "p2")), "agreed": dice.chance(0.7)}
    made["organization"] = dice.pick(("org:asks", "org:asks", "org:asks", "ORG:ASKS", "org:harbor"))
    made["categories"] = dice.pick((categories[:1], categories[-1:], [], ["intake"]))
    if dice.chance(0.2):
        del made["categories"]
    world["facts"]["restrictions"].append(made)


def state(dice: Dice, world: Json) -> None:
    world["facts"]["site"]["state"] = dice.pick(("WA", "OR", "CA"))


def one_item_on_record(dice: Dice, world: Json) -> None:
    world["facts"]["record"] = [dice.pick(world["facts"]["record"])]


ASK: tuple[Twist, ...] = (
    *(purpose, purpose, attested, person, person, emergency, emergency),
    *(items, items, of_somebody_else, twin_item, category, category, source, source),
    *(asker_is, somebody_is, somebody_is, source_leaves_hipaa, unlisted, another_asks, about_another, she_is_not_known),
    *(custody, custody, treating, restriction, restriction, state, one_item_on_record),
)
