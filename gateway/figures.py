"""What sending and the feeds have come to, for /metrics. INVARIANT: no label names anybody."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

DELIVERED: Final = "delivered"
RETRIED: Final = "retried"
FAILED: Final = "failed"
FEED_STATES: Final = ("in-order", "silent", "malformed", "paused")


@dataclass(slots=True)
class Figures:
    """Attempts by outcome, and the longest time from a commit at the point of no return to the first byte, seconds."""

    attempts: Counter[str] = field(default_factory=Counter)
    longest_first_byte: float = 0.0

    def observe(self, outcome: str, first_byte: float | None) -> None:
        """Count one attempt. `first_byte`: seconds from the commit; None: no byte left."""
        self.attempts[outcome] += 1
        if first_byte is not None:
            self.longest_first_byte = max(self.longest_first_byte, first_byte)

    def text(self) -> str:
        """Write the figures in the Prometheus text format, version 0.0.4."""
        counted = [
            f'lead_gateway_sending_attempts_total{{outcome="{outcome}"}} {count}'
            for outcome, count in sorted(self.attempts.items())
        ]
        lines = [
            "# TYPE lead_gateway_sending_attempts_total counter",
            *counted,
            "# TYPE lead_gateway_commit_to_first_byte_seconds_max gauge",
            f"lead_gateway_commit_to_first_byte_seconds_max {self.longest_first_byte:.3f}",
        ]
        return "\n".join(lines) + "\n"


@dataclass(slots=True)
class Comings:
    """What came by all feeds together, by outcome, and how many feeds are in which state; as of the last look."""

    people: Mapping[str, int] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)

    def set(self, people: Mapping[str, int], states: Iterable[str]) -> None:
        """Take the figures of a new look."""
        self.people, self.states = dict(people), Counter(states)

    def text(self) -> str:
        """Write the figures in the Prometheus text format, version 0.0.4."""
        came = [f'lead_gateway_feed_people_total{{outcome="{each}"}} {n}' for each, n in sorted(self.people.items())]
        feeds = [f'lead_gateway_feeds{{state="{state}"}} {self.states[state]}' for state in FEED_STATES]
        lines = ["# TYPE lead_gateway_feed_people_total counter", *came, "# TYPE lead_gateway_feeds gauge", *feeds]
        return "\n".join(lines) + "\n"
