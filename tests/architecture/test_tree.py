"""What lies at the root, what ships, and that every package says its promise."""

import hashlib
import re
import subprocess
import tomllib

import pytest

from tests.architecture.source import MIGRATIONS, PACKAGES, ROOT, files, modules, tracked

FOLDERS = {*PACKAGES, "deploy", "tests"}
ROOT_FILES = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "package-lock.json",
    "package.json",
    "pyproject.toml",
    "uv.lock",
}
# htmx 2.0.8, Zero-Clause BSD: browsers get it from us, because a page may ask nobody else for anything.
HANDED_ON = {
    "gateway/web/static/htmx-2.0.8.min.js": "22283ef68cb7545914f0a88a1bdedc7256a703d1d580c1d255217d0a50d31313",
}
REVISION = re.compile(r'^(down_)?revision(?:: [^=]+)? = (?:"([\w-]+)"|None)', re.MULTILINE)


class TestTopLevel:
    def test_the_root_holds_only_what_the_design_names(self) -> None:
        tops = {path.partition("/")[0] for path in tracked()}
        assert {top for top in tops if not top.startswith(".")} <= FOLDERS | ROOT_FILES

    def test_deploy_holds_no_python(self) -> None:
        assert [path for path in files() if path.startswith("deploy/") and path.endswith(".py")] == []

    def test_no_third_party_code_and_no_generated_file(self) -> None:
        pattern = re.compile(r"(^|/)(node_modules|vendor|dist|__pycache__)/|\.(min\.js|min\.css|whl|so|pyc|db|sqlite)$")
        assert [path for path in files() if pattern.search(path) and path not in HANDED_ON] == []

    def test_what_is_handed_on_to_browsers_is_as_its_makers_made_it(self) -> None:
        found = {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in HANDED_ON}
        assert found == HANDED_ON

    def test_nothing_in_the_tree_is_huge(self) -> None:
        assert [path for path in files() if path != "uv.lock" and (ROOT / path).stat().st_size > 512 * 1024] == []


class TestReadmes:
    @pytest.mark.parametrize("package", PACKAGES)
    def test_each_package_says_its_promise(self, package: str) -> None:
        readme = ROOT / package / "README.md"
        assert readme.is_file()
        assert "import" in readme.read_text("utf-8").lower()

    @pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "LICENSE"])
    def test_the_root_pages_say_something(self, name: str) -> None:
        assert (ROOT / name).read_text("utf-8").strip()

    def test_links_between_pages_lead_somewhere(self) -> None:
        pages = [path for path in files() if path.endswith(".md")]
        links = [
            (page, link) for page in pages for link in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text("utf-8"))
        ]
        local = [(page, link.partition("#")[0]) for page, link in links if not re.match(r"[a-z]+:|#", link)]
        assert [(page, link) for page, link in local if not (ROOT / page).parent.joinpath(link).exists()] == []


class TestWhatShips:
    def test_the_wheel_takes_all_four_packages(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
        assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PACKAGES)
        assert "Private :: Do Not Upload" in project["project"]["classifiers"]

    def test_no_package_file_is_hidden_by_gitignore(self) -> None:
        """hatchling leaves out what git ignores: a folder named data or build would be missing from the wheel."""
        suffixes = {".py", ".toml", ".html", ".css", ".js", ".json", ".sql", ".mako", ".xml", ".csv", ".typ", ".txt"}
        present = {
            path.relative_to(ROOT).as_posix()
            for package in PACKAGES
            for path in (ROOT / package).rglob("*")
            if path.suffix in suffixes and "__pycache__" not in path.parts and "node_modules" not in path.parts
        }
        assert present
        assert present - set(files()) == set()

    def test_migrations_are_one_chain_inside_the_package(self) -> None:
        """Two heads, or a step that was never committed, and a site's database cannot be brought up to date."""
        steps = {m.path: m.text for m in modules("gateway") if re.match(f"{MIGRATIONS}versions/[^_]", m.path)}
        found = [{bool(down): name for down, name in REVISION.findall(text)} for text in steps.values()]
        assert all({True, False} == set(one) for one in found), steps.keys()
        downs = [one[True] for one in found]
        assert len(set(downs)) == len(downs)
        heads = {one[False] for one in found} - set(downs)
        assert len(heads) == (1 if steps else 0)


class TestMake:
    def test_help_names_the_targets_that_checks_run(self) -> None:
        done = subprocess.run(["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True)
        said = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
        assert said == {"help", "run", "install", "test", "test-slow", "check", "bench", "clean"}

    @pytest.mark.parametrize("script", [path for path in files() if path.endswith(".sh") or path == ".ci/run"])
    def test_a_script_can_be_read_by_the_shell(self, script: str) -> None:
        shell = "sh" if script.endswith(".sh") else "bash"
        done = subprocess.run([shell, "-n", str(ROOT / script)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    def test_ci_forbids_skips(self) -> None:
        assert "LEAD_NO_SKIPS=1" in (ROOT / ".ci/run").read_text("utf-8")
        assert "LEAD_NO_SKIPS" in (ROOT / "Makefile").read_text("utf-8")
