"""Which code was measured is told from the files imported, in real repositories."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from asv_explain.explanation import Caveat
from asv_explain.imports import OTHER_CODE, foreign_code
from asv_explain.suspect import Suspect

Imports = list[tuple[str, str]]

INIT = '"""A shop."""\n'
PRICES = "VAT = 20\n"


def core(price: int) -> str:
    """A module that changes from commit to commit."""
    return f"# Größe\ndef price():\n    return {price}\n"


class Repository:
    """A repository of a package, and what was installed of its commits."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "repository"
        self.folder = folder
        self.home.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        """Run git with a fixed identity."""
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *words], cwd=self.home, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Commit files below ``src/shop``, by their names; None removes one."""
        for name, text in files.items():
            path = self.home / "src/shop" / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "one")
        return self.git("rev-parse", "HEAD")

    def checkout(self, commit: str, name: str) -> Path:
        """All files of a commit in a folder of their own."""
        folder = self.folder / name
        archive = self.folder / f"{name}.tar"
        self.git("archive", "--output", str(archive), commit)
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        return folder

    def installed(self, commit: str, name: str) -> Path:
        """The commit's package below a folder like site-packages."""
        site = self.folder / name / "site-packages"
        site.mkdir(parents=True)
        (self.checkout(commit, f"{name}-checkout") / "src/shop").rename(site / "shop")
        return site


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return Repository(tmp_path)


@pytest.fixture
def commits(repository: Repository) -> tuple[str, str, str]:
    """Three commits: the price changes with each; with the second, benchmarks do, too."""
    own = "../../benchmarks/suite.py"
    first = repository.commit(
        {"__init__.py": INIT, "core.py": core(1), "prices.py": PRICES, own: "import shop\n"}
    )
    second = repository.commit({"core.py": core(2), own: "import shop as s\n"})
    return first, second, repository.commit({"core.py": core(3)})


def found(root: Path, *paths: str) -> Imports:
    """These paths as imported from below a root."""
    return [(path, str(root / path)) for path in paths]


ALL = ("shop/__init__.py", "shop/core.py", "shop/prices.py")


def ask(
    repository: Repository,
    before: str,
    after: str,
    imported: tuple[Imports, Imports],
    benchmark: str = "suite.time_price",
) -> Caveat | None:
    """The caveat for both sides' imports, with the benchmarks among them."""
    own = found(repository.home / "benchmarks", "suite.py")
    suspect = Suspect(benchmark, None, (), "env", "box", before, after)
    first, second = (own + one if one else [] for one in imported)
    return foreign_code(suspect, repository.home, first, second)


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_installed_is_the_commits_own(
    repository: Repository, commits: tuple[str, str, str], order: int
) -> None:
    """Also with other line ends, a byte order mark, and files that no commit tracks."""
    sites = [repository.installed(one, f"env{number}") for number, one in enumerate(commits[:2])]
    changed = sites[0] / "shop/core.py"
    changed.write_bytes(b"\xef\xbb\xbf" + changed.read_bytes().replace(b"\n", b"\r\n"))
    (sites[0] / "shop/_version.py").write_text("version = '1'\n", encoding="utf-8")
    (sites[0] / "numpy.py").write_text("", encoding="utf-8")
    sides = [found(sites[0], *ALL, "shop/_version.py", "numpy.py"), found(sites[1], *ALL)]
    before, after = commits[:2][::order]
    first, second = sides[::order]
    assert ask(repository, before, after, (first, second)) is None


def test_another_checkout_first_on_the_path_is_named(
    repository: Repository, commits: tuple[str, str, str]
) -> None:
    """On both sides, or on the one to which it doesn't belong; most of its files are the same."""
    site = repository.installed(commits[0], "env")
    elsewhere = {one: repository.checkout(one, f"other-{one[:8]}") / "src" for one in commits}
    third, second = found(elsewhere[commits[2]], *ALL), found(elsewhere[commits[1]], *ALL)
    both = ask(repository, *commits[:2], (third, third))
    assert both is not None
    assert both.kind == OTHER_CODE
    assert both.text == (
        f"`shop/core.py` was imported from {elsewhere[commits[2]]}, not from the commit under "
        "test, on both sides"
    )
    assert "PYTHONPATH" in both.remedy
    one = ask(repository, *commits[:2], (second, second))
    assert one is not None
    assert one.text.endswith("before the change")
    late = ask(repository, *commits[:2], (found(site, *ALL), third))
    assert late is not None
    assert late.text.endswith("after the change")


def test_a_working_tree_on_the_path_need_not_be_committed(
    repository: Repository, commits: tuple[str, str, str]
) -> None:
    """No commit holds what is being written there, but both sides imported the same file."""
    tree = repository.checkout(commits[1], "tree") / "src"
    (tree / "shop/core.py").write_text(core(99), encoding="utf-8")
    both = ask(repository, *commits[:2], (found(tree, *ALL), found(tree, *ALL)))
    assert both is not None
    assert both.text.startswith(f"`shop/core.py` was imported from {tree}, not")


def test_a_package_of_which_no_file_is_the_commits_is_another_one(
    repository: Repository, commits: tuple[str, str, str], tmp_path: Path
) -> None:
    """No commit has ever held those files."""
    strange = tmp_path / "strange"
    for path in ALL:
        (strange / path).parent.mkdir(parents=True, exist_ok=True)
        (strange / path).write_text(f"# {path}\n", encoding="utf-8")
    told = ask(repository, *commits[:2], (found(strange, *ALL), found(strange, *ALL)))
    assert told is not None
    assert f"imported from {strange}" in told.text


def test_where_nothing_of_it_was_imported_that_is_said(
    repository: Repository, commits: tuple[str, str, str], tmp_path: Path
) -> None:
    """The benchmarks themselves, though tracked, are none of what is measured."""
    other = found(tmp_path, "numpy/__init__.py", "numpy/core.cpython-311-x86_64-linux-gnu.so")
    told = ask(repository, *commits[:2], (other, other))
    assert told is not None
    assert told.kind == OTHER_CODE
    assert told.text == "no file of the commit under test was imported on both sides"
    site = repository.installed(commits[0], "env")
    late = ask(repository, *commits[:2], (found(site, *ALL), other))
    assert late is not None
    assert late.text.endswith("imported after the change")


def test_a_renamed_module_is_each_commits_own(
    repository: Repository, commits: tuple[str, str, str]
) -> None:
    """Each side is asked for the paths that its own commit tracks."""
    renamed = repository.commit({"core.py": None, "heart.py": core(3)})
    sites = [repository.installed(one, name) for one, name in ((commits[2], "a"), (renamed, "b"))]
    names = ("shop/__init__.py", "shop/heart.py")
    sides = (found(sites[0], *ALL[:2]), found(sites[1], *names))
    assert ask(repository, commits[2], renamed, sides) is None
    swapped = ask(repository, commits[2], renamed, (sides[1], sides[0]))
    assert swapped is not None
    assert swapped.text.startswith("`shop/heart.py` was imported from")


def test_an_editable_install_is_the_commits_where_its_files_are(
    repository: Repository, commits: tuple[str, str, str]
) -> None:
    """Wherever a checkout lies, its text decides."""
    sides = [found(repository.checkout(one, one[:8]) / "src", *ALL) for one in commits[:2]]
    assert ask(repository, *commits[:2], (sides[0], sides[1])) is None


def test_a_tracked_file_that_is_written_anew_on_install_is_no_sign(
    repository: Repository, commits: tuple[str, str, str]
) -> None:
    """Like a version that is filled in: all else is the commit's, and no commit holds that."""
    del commits
    ends = [repository.commit({"version.py": f"version = '{one}'\n"}) for one in "12"]
    sites = [repository.installed(one, name) for one, name in zip(ends, "ab", strict=True)]
    for site in sites:
        (site / "shop/version.py").write_text(f"version = '{site}'\n", encoding="utf-8")
    sides = [found(site, *ALL, "shop/version.py") for site in sites]
    assert ask(repository, ends[0], ends[1], (sides[0], sides[1])) is None


def test_what_cannot_be_read_is_not_judged(
    repository: Repository, commits: tuple[str, str, str], tmp_path: Path
) -> None:
    """A zip archive, bytecode alone, and a module that may have been built from the commit."""
    archive = tmp_path / "shop.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("shop/core.py", core(9))
    sides = {
        "zip": found(archive, *ALL),
        "bytecode": found(tmp_path, "shop/core.pyc"),
        "mypyc": found(tmp_path, "shop/core.cpython-311-x86_64-linux-gnu.so"),
    }
    for imported in sides.values():
        assert ask(repository, *commits[:2], (imported, imported)) is None
    (repository.home / "pyproject.toml").write_text('[project]\nname = "quick-shop"\n')
    named = repository.commit({"core.py": core(4)})
    built = found(tmp_path, "quick_shop/__init__.py", "quick_shop/lib.abi3.so")
    assert ask(repository, commits[1], named, (found(archive, *ALL), built)) is None


def test_nothing_is_said_of_what_was_not_listed(
    repository: Repository, commits: tuple[str, str, str], tmp_path: Path
) -> None:
    """No list at all, or a benchmark that runs its code in another process."""
    other = found(tmp_path, "numpy/__init__.py")
    assert ask(repository, *commits[:2], ([], [])) is None
    assert ask(repository, *commits[:2], (other, other), "suite.Import.timeraw_all") is None
    assert ask(repository, *commits[:2], (other, other), "suite.Import.time_all") is not None
