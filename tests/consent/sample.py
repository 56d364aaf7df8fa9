"""Random worlds as the product reads them, made once for all tests that look at the same ones."""

import json
from functools import cache

from consent.facts import Facts
from consent.request import DisclosureRequest
from mappings.lead.case import read_case
from tests.evaluator.worlds import worlds

SEED = 7_000_000  # far from the seeds on which the two evaluators are compared


@cache
def sample(number: int) -> tuple[tuple[DisclosureRequest, Facts], ...]:
    """The first worlds of a fixed series."""
    return tuple(read_case(json.dumps(case)) for case in worlds(SEED, number))
