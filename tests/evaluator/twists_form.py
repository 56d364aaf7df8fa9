"""Twists of consents, grants and orders: texts, codes, lists and switches."""

from tests.evaluator.cast import Dice
from tests.evaluator.page import CATEGORIES, FINDINGS, NEVER_SERVED, NOTES, PROCEEDING_PURPOSES, PURPOSES, SERVABLE
from tests.evaluator.scenes import consent, order
from tests.evaluator.twists_time import Json, Twist, asker, some_consent, some_grant

KINDS_OF_CONSENT = ("roi", "tpo", "notes", "proceeding", "cj-2.35")
REQUIRED_TEXTS = ("patient_name", "how_to_revoke", "refusal_consequences", "redisclosure_warning")
CJ_TEXTS = ("condition_document", "cause", "revocable_from", "monitoring_official")


def _unused(world: Json) -> str:
    """An id that no consent has."""
    taken = {one["id"] for one in world["facts"]["consents"]}
    return next(name for name in (f"c{number}" for number in range(2, 100)) if name not in taken)


def blank_text(dice: Dice, world: Json) -> None:
    some_consent(dice, world)[dice.pick(REQUIRED_TEXTS)] = dice.pick(("", " ", "\t\n", "\u00a0", "\u200b"))


def blank_signer(dice: Dice, world: Json) -> None:
    capacity = dice.pick(("self", "guardian"))
    some_consent(dice, world)["signer"] = {"name": dice.pick(("", " ")), "capacity": capacity, "authority": "letters"}


def text_of_no_weight(dice: Dice, world: Json) -> None:
    some_consent(dice, world)["form"] = {"id": dice.pick(("", "harbor")), "version": " ", "language": ""}


def integrity(dice: Dice, world: Json) -> None:
    some_consent(dice, world)["integrity"] = dice.pick(("suspect", "suspect", "unreadable"))


def unreadable_beside(dice: Dice, world: Json) -> None:
    made = consent(dice, world, dice.pick(KINDS_OF_CONSENT), _unused(world))
    made |= {"integrity": "unreadable", "participant": dice.pick(("p1", "p1", "P1", "p2"))}
    world["facts"]["consents"].append(made)


def kind_of_consent(dice: Dice, world: Json) -> None:
    some_consent(dice, world)["kind"] = dice.pick(KINDS_OF_CONSENT)


def of_another(dice: Dice, world: Json) -> None:
    some_consent(dice, world)["participant"] = dice.pick(("P1", "p2", "nobody"))


def tpo_statement(dice: Dice, world: Json) -> None:
    made = some_consent(dice, world)
    made["tpo_statement"] = dice.pick(("", " ", "stated"))
    if dice.chance(0.3):
        del made["tpo_statement"]


def cause_and_counsel(dice: Dice, world: Json) -> None:
    made = some_consent(dice, world)
    made["proceeding_cause"], made["counsel_present"] = dice.pick((("", True), (" ", True), ("a cause", False)))
    if dice.chance(0.3):
        del made[dice.pick(("proceeding_cause", "counsel_present"))]


def cj(dice: Dice, world: Json) -> None:
    made = some_consent(dice, world)
    made["cj"] = dict.fromkeys(CJ_TEXTS, "a text") | {"monitoring_official": dice.pick(("J. Lee", "j. lee", "K. Lee"))}
    made["cj"] |= {dice.pick(CJ_TEXTS): dice.pick((" ", "a text", "J. Lee"))}
    if dice.chance(0.2):
        del made["cj"]


def cj_switch(dice: Dice, world: Json) -> None:
    world["facts"]["site"]["cj_2_35_enabled"] = dice.chance(0.3)


def intermediary(dice: Dice, world: Json) -> None:
    world["facts"]["site"]["legal_role"] = "intermediary"
    made = some_consent(dice, world)
    made["intermediary"] = dice.pick(("Harbor County LEAD", "harbor county lead", "Harbor County LEAD ", "", "Another"))
    if dice.chance(0.3):
        del made["intermediary"]
    for grant in made["grants"]:
        grant["recipient"] = ["class:treating-providers"]


def grant_purposes(dice: Dice, world: Json) -> None:
    some_grant(dice, world)["purposes"] = dice.some(PURPOSES, 0, 5)


def grant_lists_one_more_purpose(dice: Dice, world: Json) -> None:
    more = dice.pick((PROCEEDING_PURPOSES, NEVER_SERVED, SERVABLE, {world["request"]["purpose"]}))
    found = some_grant(dice, world)
    found["purposes"] = sorted({*found.get("purposes", []), dice.pick(more)})


def grant_lists_one_more_category(dice: Dice, world: Json) -> None:
    found = some_grant(dice, world)
    found["categories"] = sorted({*found.get("categories", []), dice.pick(NOTES if dice.chance(0.7) else CATEGORIES)})


def grant_categories(dice: Dice, world: Json) -> None:
    some_grant(dice, world)["categories"] = dice.some(CATEGORIES, 0, 6)


def grant_for_notes(dice: Dice, world: Json) -> None:
    found = some_consent(dice, world)
    found["kind"] = "notes"
    for grant in found["grants"]:
        grant["categories"] = dice.pick((sorted(NOTES), ["counseling-notes"], ["psychotherapy-notes"]))


def said_twice(_: Dice, world: Json) -> None:
    """Every list of codes and ids in every grant says each thing twice, which says it once."""
    for one in world["facts"]["consents"]:
        for grant in one["grants"]:
            for what in ("discloser", "recipient", "purposes", "categories"):
                grant[what] = grant[what] * 2


def grant_recipient(dice: Dice, world: Json) -> None:
    lists = [["class:treating-providers"], ["ORG:ASKS"], ["*"], [], ["org:other-0", "law enforcement"], ["org:asks"]]
    some_grant(dice, world)["recipient"] = dice.pick(lists)


def grant_discloser(dice: Dice, world: Json) -> None:
    lists = [["org:beacon"], ["anyone"], [], ["org:nowhere"], ["org:otp", "org:ed", "org:clinic"], ["ORG:HARBOR"]]
    some_grant(dice, world)["discloser"] = dice.pick(lists)


def grant_role(dice: Dice, world: Json) -> None:
    found = some_grant(dice, world)
    found["role"] = dice.pick(("", " ", "Liaison", "liaison", "liaison ", "physician"))
    if dice.chance(0.3):
        del found["role"]


def redisclosed(_: Dice, world: Json) -> None:
    for one in world["facts"]["consents"]:
        for grant in one["grants"]:
            if "org:asks" in grant["recipient"]:
                grant |= {"recipient": ["org:otp"], "redisclose_to": ["org:asks"]}


def beside(dice: Dice, world: Json) -> None:
    """Another consent before or after the others, in its own right or as an older, wider or broken copy."""
    listed, made = world["facts"]["consents"], consent(dice, world, dice.pick(KINDS_OF_CONSENT), _unused(world))
    listed.insert(dice.random.randint(0, len(listed)), made)


def order_beside(dice: Dice, world: Json) -> None:
    orders = world["facts"]["court_orders"]
    orders.insert(dice.random.randint(0, len(orders)), order(dice, world, f"o{len(orders) + 2}"))


def order_lacks_a_finding(dice: Dice, world: Json) -> None:
    for one in world["facts"]["court_orders"]:
        missing = dice.pick((*FINDINGS[:5], *FINDINGS[5:7], *FINDINGS[5:7]))
        one["type"] = "2.65" if missing in FINDINGS[5:7] and dice.chance(0.7) else one["type"]
        one["findings"] = [finding for finding in FINDINGS if finding != missing]


def order_type(dice: Dice, world: Json) -> None:
    for one in world["facts"]["court_orders"]:
        one["type"] = dice.pick(("2.64", "2.65", "2.66"))
        one["findings"] = dice.pick((FINDINGS, FINDINGS[:5], FINDINGS[:7], []))


def order_names(dice: Dice, world: Json) -> None:
    for one in world["facts"]["court_orders"]:
        one["recipient"] = dice.pick(("org:asks", "ORG:ASKS", "org:otp", "class:treating-providers"))
        one["items"] = dice.some(("i1", "i2", "i3", "i9", "I1"), 0, 4)


def twins(dice: Dice, world: Json) -> None:
    """Every consent of the file stands in it twice, under two ids that differ by case alone."""
    for one in list(world["facts"]["consents"]):
        if one["id"].islower() and one["id"].upper() not in [other["id"] for other in world["facts"]["consents"]]:
            copy = consent(dice, world, one["kind"], one["id"].upper())
            world["facts"]["consents"].append(copy | {"integrity": dice.pick(("ok", "suspect"))})


def no_class(dice: Dice, world: Json) -> None:
    asker(world)["classes"] = dice.pick(([], ["treating-providers"]))


FORM: tuple[Twist, ...] = (
    blank_text,
    blank_signer,
    text_of_no_weight,
    integrity,
    unreadable_beside,
    kind_of_consent,
    of_another,
    tpo_statement,
    cause_and_counsel,
    *(cj, cj_switch),
    intermediary,
    grant_purposes,
    *(grant_lists_one_more_purpose, grant_lists_one_more_purpose),
    grant_lists_one_more_category,
    grant_categories,
    grant_for_notes,
    *(grant_recipient, grant_discloser, grant_discloser, grant_role),
    *(said_twice, redisclosed),
    *(beside, beside, beside, twins),
    *(order_beside, order_lacks_a_finding, order_type, order_names),
    no_class,
)
