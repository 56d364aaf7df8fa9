"""How a command says that it cannot go on: one line on stderr and an exit code."""

import click


class BadInput(click.ClickException):
    """What was handed in is wrong: exit 2, nothing changed. The message names the field and the rule."""

    exit_code = 2


class Failed(click.ClickException):
    """The work could not be done: exit 1."""

    exit_code = 1
