"""Thirty named points at which a process of the gateway can be killed, or a write of it made to fail.

A point is the moment before or after a call that every way out passes. Nothing of this is in the program: a process of
the harness puts its hooks around the program's own functions, once, before it begins, as tests/scenarios/dying.py does.
"""

import errno
import functools
import inspect
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

# What is called -> where it is. Two places: one delivery alone, or several in a round.
CALLS: Final = MappingProxyType(
    {
        "claim": ("gateway.store.repositories.claims:Claims.take",),
        "breaker-read": ("gateway.breaking:admit", "gateway.store.repositories.breakers:Breakers.failing"),
        "version-held": (
            "gateway.store.repositories.consents:Consents.lock_shared",
            "gateway.store.repositories.consents:Consents.lock_all_shared",
        ),
        "facts-read": ("gateway.store.unit_of_work:UnitOfWork.load",),
        "ledger-entry": (
            "gateway.store.repositories.accounting:Accounting.append",
            "gateway.store.repositories.accounting:Accounting.append_all",
        ),
        "state-written": (
            "gateway.store.repositories.deliveries:Deliveries.set_state",
            "gateway.store.repositories.deliveries:Deliveries.set_states",
        ),
        "journal-mark": ("gateway.store.unit_of_work:UnitOfWork.mark_all",),
        "journal-disk": ("gateway.journal:Journal.append_all",),
        "commit": ("gateway.store.unit_of_work:UnitOfWork.commit",),
        "rendering": ("adapters.prosecutor.fhir_push:FhirPush._render",),
        "sending": ("adapters.prosecutor.fhir_push:FhirPush.send",),
        "outcome": ("gateway.outcomes:settle",),
        "breaker-told": ("gateway.breaking:judge",),
        "sealing": ("gateway.store.repositories.accounting:Accounting.add_seals",),
        "stop": ("gateway.store.repositories.consents:Consents.add_stop",),
    }
)
POINTS: Final = tuple(f"{when}-{name}" for name in CALLS for when in ("before", "after"))
WRITES: Final = frozenset(f"before-{name}" for name in ("ledger-entry", "state-written", "journal-disk", "commit"))
"""Where a write can be made to fail: the disk is full, say."""

KILL: Final = "kill"
FAIL: Final = "fail"


@dataclass(frozen=True)
class Fault:
    """What happens when a point is passed for the nth time in one process."""

    point: str
    nth: int
    what: str = KILL


@dataclass
class Hooks:
    """The hooks of one process. `trace`: a file to which each point is written when it is passed for the first time."""

    faults: tuple[Fault, ...]
    trace: Path
    passed: Counter[str] = field(default_factory=Counter)

    def at(self, point: str) -> None:
        self.passed[point] += 1
        if self.passed[point] == 1:
            with self.trace.open("a") as file:
                file.write(f"{point}\n")
        for fault in self.faults:
            if (fault.point, fault.nth) == (point, self.passed[point]):
                if fault.what == KILL:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        async def waited(*args: Any, **more: Any) -> Any:
            self.at(f"before-{name}")
            result = await call(*args, **more)
            self.at(f"after-{name}")
            return result

        @functools.wraps(call)
        def plain(*args: Any, **more: Any) -> Any:
            self.at(f"before-{name}")
            result = call(*args, **more)
            self.at(f"after-{name}")
            return result

        return waited if inspect.iscoroutinefunction(call) else plain


def place(where: str) -> tuple[Any, str]:
    """The module or class that holds a call, and the call's name in it."""
    module, _, path = where.partition(":")
    holder, _, name = path.rpartition(".")
    found: Any = import_module(module)
    return (getattr(found, holder) if holder else found), name


def install(faults: tuple[Fault, ...], trace: Path) -> None:
    """Put the hooks into this process."""
    hooks = Hooks(faults, trace)
    for name, places in CALLS.items():
        for where in places:
            holder, attribute = place(where)
            setattr(holder, attribute, hooks.around(name, getattr(holder, attribute)))
