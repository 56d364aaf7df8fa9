from tests.gateway.commands.conftest import command, reached, site

__all__ = ["command", "reached", "site"]
