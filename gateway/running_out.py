"""What the calendar ends, looked at each minute: forms, agreements, and notices that nobody has acknowledged."""

from gateway import ending, leaving, reminding
from gateway.program import Program


async def look(program: Program) -> None:
    """Remind of forms that run out, and clear what waits on those that have (gateway.reminding)."""
    await reminding.look(program.store, program.now())


async def look_again(program: Program) -> None:
    """Tell of an end whom something reached that was already leaving at a stop (gateway.ending)."""
    await ending.look_again(program.store, program.now())


async def lapse(program: Program) -> None:
    """Stop what waits for organizations whose agreement is over (gateway.leaving)."""
    await leaving.lapse(program.store, program.now())


async def chase(program: Program) -> None:
    """Put notices of an end that nobody has acknowledged on a case manager's list (gateway.ending)."""
    await ending.chase(program.store, program.now())
