"""Counts of answers, for /metrics. INVARIANT: labels are route templates and statuses, never an identifier."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

_UNROUTED: Final = "none"


class Counts:
    """What this process has answered on partner routes since it started."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._replaced = 0

    def observe(self, scope: Mapping[str, Any], status: int, replaced: bool) -> None:  # noqa: FBT001  -- a callback
        """Count one answer; `replaced` where the exit fence sent its own constant instead of what was written."""
        template = getattr(scope.get("route"), "path", None)
        self._answers[template if isinstance(template, str) else _UNROUTED, status] += 1
        self._replaced += replaced

    def text(self, ready: Mapping[str, bool]) -> str:
        """Write the counts and the state of each part in the Prometheus text format, version 0.0.4."""
        answers = [
            f'lead_gateway_answers_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self._answers.items())
        ]
        parts = [f'lead_gateway_ready{{part="{name}"}} {int(ok)}' for name, ok in sorted(ready.items())]
        lines = [
            "# TYPE lead_gateway_answers_total counter",
            *answers,
            "# TYPE lead_gateway_exits_replaced_total counter",
            f"lead_gateway_exits_replaced_total {self._replaced}",
            "# TYPE lead_gateway_ready gauge",
            *parts,
        ]
        return "\n".join(lines) + "\n"
