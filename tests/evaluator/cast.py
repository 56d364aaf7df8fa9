"""The invented people, organizations and moments of the random worlds."""

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from tests.evaluator.page import COMMUNITY, COUNSEL, HEALTH, JUSTICE, KINDS

Json = dict[str, Any]
T = TypeVar("T")

PARTICIPANT = "p1"
NAME = "Ray Alder"
ZONES = ("America/Los_Angeles", "America/Los_Angeles", "America/New_York", "America/Phoenix", "Pacific/Auckland")
# Ordinary afternoons, midnights of the site, and the hours in which the clocks of three of its zones change.
DAYS = ((2026, 11, 24), (2027, 3, 14), (2026, 11, 1), (2026, 12, 31), (2028, 2, 29), (2026, 9, 27))
TIMES = ((0, 0, 0), (0, 0, 1), (23, 59, 59), (14, 1, 0), (1, 30, 0), (12, 0, 0))
SECOND = timedelta(seconds=1)
CLASSES_COUNT_FROM = (2024, 4, 16)


class Dice:
    """All chance of one world, from one seed; and the world's zone, so that every moment can be written in it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  -- worlds must be the same on every run
        self.zone = ZoneInfo(self.pick(ZONES))

    def pick(self, options: Any) -> Any:
        """One of these; a set is put in order first, so that a seed means one world on every run."""
        return self.random.choice(sorted(options) if isinstance(options, set) else list(options))

    def some(self, options: Any, least: int = 0, most: int = 3) -> list[Any]:
        """A few different ones of these, in any order."""
        pool = sorted(options) if isinstance(options, set) else list(options)
        return self.random.sample(pool, min(len(pool), self.random.randint(least, most)))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def local(self, day: tuple[int, int, int], time: tuple[int, int, int] = (0, 0, 0)) -> datetime:
        """A moment on the site's calendar; of an hour that comes twice, either."""
        fold: int = self.pick((0, 1))
        moment: datetime = datetime(*day, *time, tzinfo=self.zone, fold=fold)
        return moment.astimezone(UTC)

    def moment(self) -> datetime:
        return self.local(self.pick(DAYS), self.pick(TIMES))

    def near(self, moment: datetime) -> datetime:
        """That moment, or a second to either side of it; now and then a part of a second."""
        step: timedelta = self.pick((-SECOND, timedelta(0), SECOND)) / self.pick((1, 1, 1, 1, 1, 1, 2))
        return moment + step

    def write(self, moment: datetime) -> str:
        """The moment in the site's offset, in UTC or in one from the other side of the world."""
        zone = self.pick((self.zone, self.zone, UTC, timezone(timedelta(hours=13)), timezone(timedelta(hours=-9))))
        text = moment.astimezone(zone).isoformat()
        return text.replace("+00:00", "Z") if self.chance(0.5) else text

    def day(self, moment: datetime, shift: int = 0) -> str:
        """The site's day of that moment, some days later or earlier, as a date."""
        return (moment.astimezone(self.zone).date() + timedelta(days=shift)).isoformat()


def organization(dice: Dice, name: str, kind: str) -> Json:
    """An organization that could ask: its agreement runs, unless HIPAA binds it and none is needed."""
    hipaa = "none" if kind in JUSTICE | COMMUNITY | COUNSEL else dice.pick(("covered-entity", "business-associate"))
    part2 = "program" if kind == "part2-program" else dice.pick(("not-program", "not-program", "unknown"))
    made = {"id": name, "name": f"The {kind} of Harbor", "kind": kind, "part2_status": part2, "hipaa_status": hipaa}
    if hipaa == "none" or dice.chance(0.3):
        made["agreement_expires"] = "2029-06-30"
    if kind in HEALTH and dice.chance(0.6):
        made["classes"] = ["treating-providers"]
    return made


def organizations(dice: Dice, kind: str) -> list[Json]:
    """The one that will ask (`org:asks`), two case-management ones, four sources, a twin in capitals, some others."""
    listed = [
        organization(dice, "org:asks", kind),
        organization(dice, "org:harbor", "case-management"),
        organization(dice, "org:beacon", "case-management"),
        organization(dice, "org:otp", "part2-program"),
        organization(dice, "org:ed", "hospital"),
        organization(dice, "org:clinic", "treatment-provider"),
        organization(dice, "org:jail", "jail-custody"),
    ]
    listed[4]["part2_status"] = listed[5]["part2_status"] = "not-program"
    listed += [organization(dice, f"org:other-{number}", dice.pick(KINDS)) for number in range(dice.pick((0, 0, 1)))]
    if dice.chance(0.2):
        listed.append(organization(dice, "ORG:ASKS", kind))
    dice.random.shuffle(listed)
    return listed


def participants(dice: Dice) -> list[Json]:
    """The participant, her twin in capitals and a stranger."""
    made: Json = {"id": PARTICIPANT, "birth_date": "1986-03-02"}
    made |= {"screened": dice.chance(0.5), "enrolled": dice.chance(0.5)}
    made["in_custody"] = True
    made["treating"] = ["org:asks", *dice.some(("org:ed", "org:clinic", "org:nowhere"))]
    others: list[Json] = [{"id": name, "screened": True, "enrolled": True} for name in ("P1", "p2")]
    return [made, *others[: dice.pick((0, 1, 2))]]


def site(dice: Dice) -> Json:
    return {
        "name": "Harbor County LEAD",
        "timezone": dice.zone.key,
        "state": dice.pick(("WA", "WA", "OR")),
        "legal_role": dice.pick(("business-associate", "intermediary", "program-internal")),
        "cj_2_35_enabled": True,
    }
