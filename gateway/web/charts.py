"""Small charts as SVG, drawn on the server from numbers. Pure. Each says the same as the table beside it.

No style attributes (the policy of the pages), nothing by colour alone: every mark has its number or its shape.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

_LINE: Final = 28
_LEFT: Final = 210
_LONGEST: Final = 26  # letters beside a chart
_WIDE: Final = 640
_HALF: Final = 7
_STEPS: Final = 4


def bars(rows: Sequence[tuple[str, int]], label: str) -> str:
    """Draw counts as bars, one line each: what it is, the bar, the number. No rows: an empty text."""
    if not rows:
        return ""
    most = max(1, *(number for _, number in rows))
    drawn = []
    for index, (name, number) in enumerate(rows):
        y, length = index * _LINE, round((_WIDE - _LEFT - 60) * number / most)
        drawn.append(_text(_LEFT - 8, y + 19, name, "end"))
        drawn.append(f'<rect class="chart-bar" x="{_LEFT}" y="{y + 4}" width="{length}" height="20"/>')
        drawn.append(_text(_LEFT + length + 6, y + 19, str(number)))
    return _svg(drawn, _LINE * len(rows), label)


def strip(rows: Sequence[tuple[str, Sequence[float], int]], ends: tuple[float, float], label: str, unit: str) -> str:
    """Draw points along a line, one line of dots for each row: name, values, how many have no value yet.

    `ends`: the least and the greatest value of the axis; what lies outside is drawn at its end. A row's open ones are
    squares at the right.
    """
    if not rows:
        return ""
    low, high = ends
    span, room = (high - low) or 1.0, _WIDE - _LEFT - 70
    drawn = []
    for index, (name, values, still_open) in enumerate(rows):
        y = index * _LINE + 14
        drawn.append(_text(_LEFT - 8, y + 5, name, "end"))
        drawn.append(f'<line class="chart-axis" x1="{_LEFT}" y1="{y}" x2="{_LEFT + room}" y2="{y}"/>')
        for value in values:
            x = _LEFT + round(room * (min(max(value, low), high) - low) / span)
            drawn.append(f'<circle class="chart-dot" cx="{x}" cy="{y}" r="6"/>')
        if still_open:
            left, top = _LEFT + room + 14, y - _HALF
            drawn.append(f'<rect class="chart-open" x="{left}" y="{top}" width="14" height="14"/>')
            drawn.append(_text(left + 20, y + 5, str(still_open)))
    foot = _LINE * len(rows) + 18
    for step in range(_STEPS + 1):
        x = _LEFT + round(room * step / _STEPS)
        drawn.append(_text(x, foot, f"{low + span * step / _STEPS:g}{unit if step == _STEPS else ''}", "middle"))
    if low < 0 < high:
        x = _LEFT + round(room * -low / span)
        drawn.append(f'<line class="chart-zero" x1="{x}" y1="0" x2="{x}" y2="{_LINE * len(rows)}"/>')
    return _svg(drawn, foot + 8, label)


def heat(rows: Sequence[str], columns: Sequence[str], counts: Mapping[tuple[str, str], int], label: str) -> str:
    """Draw a table of counts as squares: the more, the darker, each with its number. Column names stand aslant."""
    if not rows or not columns:
        return ""
    most = max(1, *(counts.get((row, column), 0) for row in rows for column in columns))
    size, top = min(48, (_WIDE - _LEFT) // len(columns)), 120
    drawn = [
        f'<text x="{_LEFT + 14 + size * n}" y="{top - 8}" transform="rotate(-40 {_LEFT + 14 + size * n} {top - 8})">'
        f"{escape(_short(column, 20))}</text>"
        for n, column in enumerate(columns)
    ]
    for line, row in enumerate(rows):
        y = top + line * _LINE
        drawn.append(_text(_LEFT - 8, y + 19, row, "end"))
        for n, column in enumerate(columns):
            number = counts.get((row, column), 0)
            level = 0 if not number else 1 + (number * 3) // (most + 1)
            drawn.append(
                f'<rect class="chart-heat-{level}" x="{_LEFT + n * size}" y="{y + 1}" width="{size - 2}" height="26"/>'
            )
            dark = ' class="chart-light"' if level > 1 else ""
            if number:
                x = _LEFT + n * size + size // 2 - 1
                drawn.append(f'<text{dark} x="{x}" y="{y + 19}" text-anchor="middle">{number}</text>')
    return _svg(drawn, top + _LINE * len(rows), label)


def _short(words: str, most: int = _LONGEST) -> str:
    return words if len(words) <= most else words[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _text(x: int, y: int, words: str, anchor: str = "start") -> str:
    short = _short(words)
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(short)}</text>'


def _svg(drawn: Sequence[str], height: int, label: str) -> str:
    """Put the marks together; the drawing has a name, and is one picture to who does not see it."""
    name = escape(label, quote=True)
    head = f'<svg class="chart" viewBox="0 0 {_WIDE + 60} {height}" role="img" aria-label="{name}">'
    return head + "".join(drawn) + "</svg>"
