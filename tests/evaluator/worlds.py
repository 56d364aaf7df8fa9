"""Random, complete, valid cases near the borders of the page: a world that permits, then a few twists."""

from collections.abc import Iterator
from typing import Any

from tests.evaluator.cast import Dice
from tests.evaluator.scenes import case, plan
from tests.evaluator.twists_ask import (
    ASK,
    asker_is,
    category,
    custody,
    emergency,
    items,
    person,
    purpose,
    restriction,
    somebody_is,
    source,
    source_leaves_hipaa,
    treating,
    unlisted,
)
from tests.evaluator.twists_form import (
    FORM,
    beside,
    cause_and_counsel,
    cj,
    cj_switch,
    grant_for_notes,
    grant_lists_one_more_purpose,
    intermediary,
    kind_of_consent,
    no_class,
    order_beside,
    order_lacks_a_finding,
    order_names,
    order_type,
    tpo_statement,
    unreadable_beside,
)
from tests.evaluator.twists_time import TIME, Twist, held, order_expires, revoked, signed_when_classes_began

Json = dict[str, Any]
TWISTS = (*TIME, *FORM, *ASK)
HOW_MANY = (0, 1, 1, 1, 1, 1, 2, 2, 3, 4)
# Where a scene has borders of its own, every second twist is one of them.
OWN: dict[str, tuple[Twist, ...]] = {
    "tpo": (
        tpo_statement,
        tpo_statement,
        signed_when_classes_began,
        intermediary,
        no_class,
        treating,
        asker_is,
        purpose,
    ),
    "notes": (grant_for_notes, items, category, asker_is, asker_is, purpose),
    "proceeding": (
        cause_and_counsel,
        cause_and_counsel,
        purpose,
        grant_lists_one_more_purpose,
        asker_is,
        kind_of_consent,
    ),
    "cj-2.35": (cj, cj, cj, cj_switch, person, person, asker_is, asker_is, purpose, revoked),
    "2.51": (emergency, emergency, emergency, person, person, category, asker_is, held, restriction, unreadable_beside),
    "order": (
        order_expires,
        order_lacks_a_finding,
        order_lacks_a_finding,
        order_type,
        order_type,
        order_names,
        category,
        unlisted,
    ),
    "164.506": (custody, source, somebody_is, category, asker_is, source_leaves_hipaa, held, purpose),
    "164.512(k)(5)": (custody, source, somebody_is, category, asker_is, source_leaves_hipaa, held, purpose),
}


def world(seed: int) -> Json:
    """The world of a seed: always the same one."""
    dice = Dice(seed)
    scene = plan(dice)
    made = case(dice, scene, f"world {seed}")
    for _ in range(dice.pick((0, 0, 0, 1, 2))):
        beside(dice, made)
    if dice.chance(0.1):
        order_beside(dice, made)
    for _ in range(dice.pick(HOW_MANY)):
        lot = OWN[scene.about] if scene.about in OWN and dice.chance(0.5) else TWISTS
        lot[dice.random.randrange(len(lot))](dice, made)
    return made


def worlds(seed: int, number: int) -> Iterator[Json]:
    """So many worlds; two calls with seeds far enough apart share none."""
    return (world(one) for one in range(seed, seed + number))
