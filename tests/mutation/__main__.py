"""`python -m tests.mutation consent.scope ...`: the scores of these modules, and what no test notices or explains.

What is not explained is printed as survivors.toml has it; whoever finds that no test can notice it writes why.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation import workshop
from tests.mutation.mutants import scores_of
from tests.mutation.test_mutation import survivors

ENTRY = """
[[survivor]]
function = "{}"
reason = ""
change = '''
{}
'''"""


def main(modules: list[str]) -> int:
    """Print the scores, then each survivor that has no reason yet. Return 1 where there is one."""
    with TemporaryDirectory() as folder:
        workshop.prepare(Path(folder))
        workshop.run(Path(folder), modules)
        found = list(workshop.results(Path(folder), modules))
    explained = {(each["function"], each["change"].strip("\n")) for each in survivors()}
    alive = {(each.function, each.change) for each in found if not each.words and not each.killed}
    print(*scores_of(found), *(ENTRY.format(*each) for each in sorted(alive - explained)), sep="\n")  # noqa: T201  -- a command prints
    return int(bool(alive - explained))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
