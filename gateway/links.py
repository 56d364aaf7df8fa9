"""The participant's own way to say stop: a printed slip with an address and a code, good once, for 30 days.

The code is 16 letters and digits (80 random bits); only a keyed digest of it is kept. It is typed into a page, never
part of an address, so it stands in no log. A wrong code, a used one and one past its time are the same to whoever asks.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from gateway import ledger
from gateway.stopping import COMMAND_LINE, revoke_in
from gateway.store.repositories.stopping import Slips
from gateway.store.unit_of_work import Store, UnitOfWork

GOOD_FOR: Final = timedelta(days=30)
LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: I, L, O are read as 1, 1, 0
LENGTH: Final = 16
GROUP: Final = 4
CHANNEL: Final = "participant, by slip"
_ALIKE: Final = str.maketrans("ILO", "110")


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed and handed over; nobody can read the code afterwards."""

    code: str
    until: datetime


async def make(uow: UnitOfWork, participant: UUID, at: datetime, *, by: str = COMMAND_LINE) -> Slip:
    """Make a slip in the caller's transaction. Any number of slips may be about; each counts once."""
    code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    until = at + GOOD_FOR
    await Slips(uow.connection).add(await _digest(uow, code), participant, until)
    content = {"until": until.isoformat(), "by": by}
    await ledger.append(uow, "revocation-slip", at=at, content=content, participant=participant)
    return Slip(grouped(code), until)


async def use(store: Store, typed: str, at: datetime) -> bool:
    """Revoke everything for whose slip it is, as said in writing. False for any other code, whatever is wrong with it.

    The caller answers both at the same pace.
    """
    code = plain(typed)
    async with store.unit_of_work() as uow:
        digest = await _digest(uow, code)
        participant = await Slips(uow.connection).whose(digest, at)
        if participant is None:
            return False
        await uow.consents.lock_and_raise(participant)  # before any other row
        if not await Slips(uow.connection).spend(digest, at):
            return False
        await revoke_in(uow, participant, at=at, by=CHANNEL)
        await uow.commit()
    return True


def grouped(code: str) -> str:
    """Write a code in groups of four."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def plain(typed: str) -> str:
    """Read a code as it was meant: in any case, with any marks between, and letters that look like digits."""
    return "".join(each for each in typed.upper() if each.isascii() and each.isalnum()).translate(_ALIKE)


async def _digest(uow: UnitOfWork, code: str) -> bytes:
    return await uow.vault.token("revocation-slip", code)
