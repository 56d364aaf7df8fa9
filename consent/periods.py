"""Due dates and look-back windows, in days of the site's time zone. Where a leap day leaves a choice, the law's."""

from datetime import date, timedelta


def years_before(day: date, years: int) -> date:
    """Return the same day `years` earlier; for 29 February the 28th, so that a look-back misses nothing."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date.min if day.year <= years else day.replace(year=day.year - years, day=28)


def years_after(day: date, years: int) -> date:
    """Return the same day `years` later; for 29 February 1 March, so that nothing is destroyed a day early."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date.max if day.year + years > date.max.year else date(day.year + years, 3, 1)


def days_after(day: date, days: int) -> date:
    """Return the day `days` later, the day itself not counted; the calendar's last day beyond its end."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max
