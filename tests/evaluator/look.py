"""One look at a case: the question, and the item, consent, grant or order at which a sentence is being held."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

Json = dict[str, Any]


def instant(text: str) -> datetime:
    """All moments compare as instants, whatever their offset."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return moment


def blank(text: str | None) -> bool:
    """Whether there is nothing to read: no text, or one of spaces and of characters that nobody can see."""
    return {category(letter)[0] for letter in text or ""} <= {"Z", "C"}


def alike(one: str, other: str) -> bool:
    """Whether two names are the same when letter case and spacing are ignored."""
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


@dataclass(frozen=True)
class Look:
    case: Json
    item: Json = field(default_factory=dict)
    consent: Json = field(default_factory=dict)
    grant: Json = field(default_factory=dict)
    order: Json = field(default_factory=dict)

    @property
    def request(self) -> Json:
        return self.case["request"]  # type: ignore[no-any-return]  # foreign JSON

    @property
    def facts(self) -> Json:
        return self.case["facts"]  # type: ignore[no-any-return]  # foreign JSON

    @property
    def at(self) -> datetime:
        return instant(self.request["at"])

    @property
    def purpose(self) -> str:
        return str(self.request["purpose"])

    @property
    def requester(self) -> Json:
        """The organization that asks; empty where the file does not know it."""
        return self.organization(self.request["requester"])

    @property
    def kind(self) -> str:
        return str(self.requester.get("kind", ""))

    @property
    def participant(self) -> Json:
        found = [one for one in self.facts["participants"] if one["id"] == self.request["participant"]]
        return found[0] if found else {}

    @property
    def source(self) -> Json:
        """Where the item came from; empty where that is null or not in `organizations`."""
        return self.organization(self.item["source"])

    @property
    def consents(self) -> list[Json]:
        """Every consent of the participant, in force or not."""
        return [one for one in self.facts["consents"] if one["participant"] == self.request["participant"]]

    def organization(self, name: str | None) -> Json:
        found = [one for one in self.facts["organizations"] if one["id"] == name]
        return found[0] if found else {}

    def day(self, moment: datetime) -> date:
        """The day of a moment on the site's calendar."""
        return moment.astimezone(ZoneInfo(self.facts["site"]["timezone"])).date()

    def reached(self, moment: str) -> bool:
        """A signature, revocation, hold or event counts from its own second on, and not before."""
        return instant(moment) <= self.at

    def running(self, expires: str) -> bool:
        """A grant or an order is in force only before the second in which it expires."""
        return self.at < instant(expires)
