"""When something goes out: the first release window at least a delay after arrival, and never in quiet hours."""

import math
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

Quiet = tuple[time, time]


def due(arrived: datetime, *, delay: timedelta, every: timedelta) -> datetime:
    """Give the first multiple of `every` since the epoch that is at least `delay` after `arrived` (UTC)."""
    earliest = (arrived + delay).timestamp()
    step = every.total_seconds()
    return datetime.fromtimestamp(math.ceil(earliest / step) * step, tz=UTC)


def is_quiet(moment: datetime, quiet: Quiet | None, timezone: str) -> bool:
    """Say whether clocks on the wall of `timezone` show quiet hours: from the first time until before the second.

    Where the first is later than the second, they run over midnight. Raises ValueError where both are the same.
    """
    if quiet is None:
        return False
    begins, ends = quiet
    if begins == ends:
        raise ValueError("`quiet`: must begin and end at different times")
    now = moment.astimezone(ZoneInfo(timezone)).time()
    return begins <= now < ends if begins < ends else now >= begins or now < ends


def next_open(moment: datetime, quiet: Quiet | None, timezone: str) -> datetime:
    """Give `moment`, or where it lies in quiet hours the moment at which they end (UTC)."""
    if quiet is None or not is_quiet(moment, quiet, timezone):
        return moment.astimezone(UTC)
    zone = ZoneInfo(timezone)
    today = moment.astimezone(zone).date()
    # The wall shows the end once a day, twice in the night in which clocks go back: the first one to come counts.
    shown = (
        datetime.combine(today + timedelta(days=days), quiet[1], zone).replace(fold=fold).astimezone(UTC)
        for days in (0, 1)
        for fold in (0, 1)
    )
    return min(end for end in shown if end > moment)
