"""A wrong call is exit 2 and one line; what was typed is not repeated, because it may be somebody's name."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from gateway.cli import cli
from tests.gateway.commands.conftest import Command

CANARY = "Zqxjvkwq"


def every_call(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    calls = [words]
    for name, found in group.commands.items():
        calls += every_call(found, (*words, name)) if isinstance(found, click.Group) else [(*words, name)]
    return calls


class TestWrongCalls:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("", "`COMMAND`: is missing, see `lead-gateway --help`"),
            (CANARY, "`COMMAND`: there is no such command"),
            ("ledger", "`COMMAND`: is missing, see `lead-gateway ledger --help`"),
            (f"ledger {CANARY}", "`COMMAND`: there is no such command"),
            ("ingest", "`FEED`: is missing, see `lead-gateway ingest --help`"),
            (f"ingest {CANARY} /none", "`FILE`: cannot be read: no such file or directory"),
            ("ingest lead", "`FILE`: is missing"),
            ("revoke", "`PARTICIPANT`: is missing"),
            (f"revoke Ray {CANARY}", "`arguments`: there are too many"),
            (f"hold Ray --{CANARY}", "there is no such option"),
            ("decline x", "`--why`: is missing"),
            ("decline x --why", "`--why`: needs a value"),
            (f"revoke x --oral={CANARY}", "`--oral`: takes no value"),
            (f"demo --port {CANARY}", "`--port`: must be a whole number from 1 to 65535"),
            ("serve --port 70000", "`--port`: must be a whole number from 1 to 65535"),
            (f"serve --tls-cert {CANARY}", "`--tls-cert`: must be a file that is there and can be read"),
            (f"ledger export x --format {CANARY}", "`--format`: must be one of `json`"),
            ("serve --host 0.0.0.0", "`--host`: an address other than loopback needs TLS"),
            ("serve --host example.org", "`--host`: an address other than loopback needs TLS"),
            ("serve --behind-proxy *", "`--behind-proxy`: must be the IP address of the proxy"),
            ("serve --behind-proxy 0.0.0.0/0", "`--behind-proxy`: must be the IP address of the proxy"),
        ],
    )
    def test_one_line_and_exit_2(self, command: Command, tmp_path: Path, words: str, said: str) -> None:
        done = command(*words.split())
        assert done.code == 2
        assert said in done.line
        assert done.line.startswith("lead-gateway: ")
        assert CANARY not in done.out + done.err

    def test_half_a_pair_of_tls_files(self, command: Command, tmp_path: Path) -> None:
        (tmp_path / "cert.pem").write_text("no certificate")
        half = command("serve", "--tls-cert", tmp_path / "cert.pem")
        assert (half.code, "both are needed" in half.line) == (2, True)
        bad = command("serve", "--tls-cert", tmp_path / "cert.pem", "--tls-key", tmp_path / "cert.pem")
        assert (bad.code, "must be a PEM certificate and its key" in bad.line) == (2, True)


class TestHelp:
    @pytest.mark.parametrize("words", every_call(cli), ids=" ".join)
    def test_everywhere(self, command: Command, words: tuple[str, ...]) -> None:
        done = command(*words, "--help")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("Usage: lead-gateway")

    def test_a_command_that_prints_data_can_print_json(self) -> None:
        silent = {("demo",), ("serve",), ("worker",), ("decide",), ("consult",)}  # the last two print nothing else
        commands = [words for words in every_call(cli) if words and words not in silent]
        for words in commands:
            found: click.Command = cli
            for word in words:
                assert isinstance(found, click.Group)
                found = found.commands[word]
            if not isinstance(found, click.Group):
                assert any("--json" in p.opts for p in found.params), words

    def test_without_a_command_the_help_is_on_stdout(self, command: Command) -> None:
        assert "  ingest " in command().out


class TestAsAProcess:
    def test_deciding_loads_no_database(self) -> None:
        """`decide` is called once per case by scripts: it must not pay for what it does not use."""
        look = "import sys, gateway.cli as c; sys.argv = ['x', 'decide', '/none']; c.run(); print(*sys.modules)"
        done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
        assert not {"sqlalchemy", "fastapi", "psycopg", "fhir"} & set(done.stdout.split())

    def test_python_m_gateway(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "gateway", "ingest", "x"], capture_output=True, text=True, check=False
        )
        assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (2, 1, "")

    def test_a_full_disk_behind_stdout(self) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "gateway", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 1
        assert done.stderr == "lead-gateway: output: no space left on device\n"
