"""Days in the site's time zone, and ages in years."""

from datetime import date, datetime, tzinfo

_MIDDLE = 5000


def day_of(moment: datetime, zone: tzinfo) -> date:
    """Return the day on which an aware `moment` falls in `zone`; the calendar's first or last day beyond its ends."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return date.max if moment.year > _MIDDLE else date.min


def age_on(day: date, birth_date: date) -> int:
    """Return the completed years of life on `day`. Whoever was born on 29 February has the birthday on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
