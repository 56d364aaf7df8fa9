"""What a message does with what it tells: says it, corrects it, takes it back."""

from enum import StrEnum


class Action(StrEnum):
    """`add`: it happened. `update`: it happened, and this is how it is now known. `delete`: it never happened.

    A delete takes back what was told before it, never what is told after (mappings.lead.custody_state, matter).
    """

    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"
