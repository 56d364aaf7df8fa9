"""The page of figures: five small charts, each with its table, a link to it as CSV, and a sentence that says it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from gateway.overseeing import Figures, read_figures
from gateway.web import charts, vocabulary
from gateway.web.guard import NotForYouError, for_roles, program_of
from gateway.web.overview import csv_of, named, names_of, own_rows_only
from gateway.web.rendering import download, page
from gateway.web.roles import OVERSIGHT, Role
from gateway.web.sessions import Visit
from gateway.web.words import plain

router = APIRouter()
PATH: Final = "/console/exchanges/figures"
WATCHING: Final = OVERSIGHT | {Role.SUPERVISOR}
_HOUR: Final = 60.0
Visiting = Annotated[Visit, Depends(for_roles(WATCHING))]
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure as it is shown. `says`: one plain sentence; `svg`: empty where there is nothing to draw."""

    key: str
    title: str
    says: str
    svg: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


@router.get(PATH, response_model=None)
async def figures(request: Request, visit: Visiting) -> Response:
    """Show the figures of the whole site."""
    shown = [(each, Markup(each.svg)) for each in await _charts(request, visit)]  # noqa: S704  -- our own SVG, escaped
    return page(request, "figures.html", visit, charts=shown, path=PATH)


@router.get(f"{PATH}/{{key}}.csv", response_model=None)
async def figure(request: Request, key: str, visit: Visiting) -> Response:
    """Give one figure's table as CSV."""
    for each in await _charts(request, visit):
        if each.key == key:
            return download(csv_of(each.header, each.rows), f"{key}.csv", "text/csv; charset=utf-8")
    raise NotForYouError


async def _charts(request: Request, visit: Visit) -> list[Chart]:
    store = program_of(request).store
    async with store.unit_of_work() as uow:
        if await own_rows_only(uow, visit) is not None:
            raise NotForYouError
        names = await names_of(uow)
    counted = await read_figures(store)
    return [make(counted, names) for make in _CHARTS]


def _stops(counted: Figures, _: Names) -> Chart:
    total, fast = sum(number for _, number in counted.stops), dict(counted.stops).get("under 1 second", 0)
    says = f"Of {total} times that somebody said stop, {fast} took effect within a second."
    says += " Counted from the moment on the paper."
    title = "From stop to stopped"
    return Chart("stops", title, says, charts.bars(counted.stops, says), ("Took", "Times"), counted.stops)


def _ends(counted: Figures, names: Names) -> Chart:
    open_ones = sum(each.unconfirmed for each in counted.ends)
    sent = open_ones + sum(len(each.minutes) for each in counted.ends)
    says = f"Partners were told {sent} times that a permission ended; {open_ones} are not confirmed yet (squares)."
    drawn = [(named(names, each.organization), each.minutes, each.unconfirmed) for each in counted.ends]
    longest = max((value for _, values, _ in drawn for value in values), default=0.0)
    svg = charts.strip(drawn, (0.0, max(_HOUR, longest)), says, " min")
    rows = tuple((name, len(values), _middle(values), _most(values), count) for name, values, count in drawn)
    header = ("Partner", "Confirmed", "Middle, minutes", "Longest, minutes", "Not confirmed")
    return Chart("confirmations", "Partners who confirmed the end", says, svg, header, rows)


def _leads(counted: Figures, names: Names) -> Chart:
    values = [value for each in counted.leads.values() for value in each]
    early = sum(value <= 0 for value in values)
    says = f"Of {len(values)} release notices, {early} arrived before the person was out the door (the line at 0)."
    drawn = [(named(names, key), each, 0) for key, each in counted.leads.items()]
    ends = (min([-_HOUR, *values]), max([_HOUR, *values]))
    rows = tuple((name, len(each), sum(value <= 0 for value in each), _middle(each)) for name, each, _ in drawn)
    header = ("Partner", "Notices", "Before the door", "Middle, minutes after")
    return Chart(
        "releases", "Release notices and the door", says, charts.strip(drawn, ends, says, " min"), header, rows
    )


def _heat(counted: Figures, names: Names) -> Chart:
    recipients = sorted({recipient for recipient, _ in counted.heat})
    categories = sorted({category for _, category in counted.heat})
    number = sum(counted.heat.values())
    says = f"{number} items went to {len(recipients)} partners in the newest disclosures. The darker, the more."
    titles = {key: named(names, key) for key in recipients}
    words = {key: vocabulary.category(key) for key in categories}
    cells = {(titles[r], words[c]): count for (r, c), count in counted.heat.items()}
    svg = charts.heat(list(titles.values()), list(words.values()), cells, says)
    rows: tuple[tuple[str | int, ...], ...] = tuple(
        (titles[r], *(counted.heat.get((r, c), 0) for c in categories)) for r in recipients
    )
    return Chart("recipients", "Who was told what kind of thing", says, svg, ("Partner", *words.values()), rows)


def _reasons(counted: Figures, _: Names) -> Chart:
    rows = tuple((plain(rule), number) for rule, number in counted.reasons[:15])
    says = "Why less than everything was told, by the rule that kept it back. One decision can count for several."
    return Chart("reasons", "Reasons for less than full", says, charts.bars(rows, says), ("Rule", "Decisions"), rows)


def _middle(values: Sequence[float]) -> str | int:
    return "" if not values else round(sorted(values)[len(values) // 2])


def _most(values: Sequence[float]) -> str | int:
    return "" if not values else round(max(values))


_CHARTS: Final[tuple[Callable[[Figures, Names], Chart], ...]] = (_stops, _ends, _leads, _heat, _reasons)
