"""A call that cannot be taken, in one line: which parameter, which rule; what was typed is not repeated."""

import re
from typing import Final

import click

_OPTION: Final = re.compile(r"--?[a-z][a-z-]{0,30}")


def usage_line(error: click.UsageError) -> str:
    """Give the line for a wrong call; it ends with where to read how the call goes."""
    command = "lead-gateway" if error.ctx is None else error.ctx.command_path
    return f"{_rule(error)}, see `{command} --help`"


def _rule(error: click.UsageError) -> str:
    if isinstance(error, click.MissingParameter):
        return f"`{_name(error)}`: is missing{_choices(error)}"
    if isinstance(error, click.BadParameter):
        return f"`{_name(error)}`: {_type_rule(error)}"
    if isinstance(error, click.NoSuchOption):
        shown = error.option_name if _OPTION.fullmatch(error.option_name) else "--"
        return f"`{shown}`: there is no such option"
    if isinstance(error, click.BadOptionUsage):
        return f"`{error.option_name}`: {'takes no value' if 'does not take' in error.message else 'needs a value'}"
    return _command_rule(error)


def _command_rule(error: click.UsageError) -> str:
    if isinstance(error, click.exceptions.NoArgsIsHelpError) or "Missing command" in error.message:
        return "`COMMAND`: is missing"
    if isinstance(error, click.exceptions.NoSuchCommand):
        return "`COMMAND`: there is no such command"
    return "`arguments`: there are too many" if "unexpected extra" in error.message else "the call is not complete"


def _name(error: click.BadParameter) -> str:
    parameter = error.param
    if parameter is None:
        return "arguments"
    if parameter.param_type_name == "option":
        return parameter.opts[0]
    return (parameter.metavar or (parameter.name or "").upper()).strip("[].")


def _choices(error: click.BadParameter) -> str:
    kind = None if error.param is None else error.param.type
    return f", one of {_listed(kind)}" if isinstance(kind, click.Choice) else ""


def _listed(kind: "click.Choice[str]") -> str:
    return ", ".join(f"`{choice}`" for choice in kind.choices)


def _type_rule(error: click.BadParameter) -> str:
    kind = None if error.param is None else error.param.type
    if isinstance(kind, click.Choice):
        return f"must be one of {_listed(kind)}"
    if isinstance(kind, click.IntRange):
        return f"must be a whole number from {kind.min} to {kind.max}"
    if isinstance(kind, click.Path):
        return "must be a file that is there and can be read"
    return "is not valid"
