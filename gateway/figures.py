"""What sending has come to in this process, for /metrics. INVARIANT: no label but the outcome of an attempt."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

DELIVERED: Final = "delivered"
RETRIED: Final = "retried"
FAILED: Final = "failed"


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
