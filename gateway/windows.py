"""When the one answer to a question goes out: the first release window at least a delay after arrival."""

import math
from datetime import UTC, datetime, timedelta


def due(arrived: datetime, *, delay: timedelta, every: timedelta) -> datetime:
    """Give the first multiple of `every` since the epoch that is at least `delay` after `arrived` (UTC)."""
    earliest = (arrived + delay).timestamp()
    step = every.total_seconds()
    return datetime.fromtimestamp(math.ceil(earliest / step) * step, tz=UTC)
