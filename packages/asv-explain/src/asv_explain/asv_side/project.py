"""What asv knows of a project: its configuration, machine and environments."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asv import util  # type: ignore[import-untyped]
from asv.config import Config  # type: ignore[import-untyped]
from asv.environment import (  # type: ignore[import-untyped]
    EnvironmentUnavailable,
    get_environments,
)
from asv.machine import Machine, MachineCollection  # type: ignore[import-untyped]

__all__ = [
    "BROKEN",
    "SHOWN",
    "Project",
    "ProjectError",
    "check_installable",
    "configured",
    "environment_named",
    "environments",
    "load_project",
    "machine_facts",
    "machine_name",
    "one_line",
    "working_in",
]

_CONFIG_NAMES = ("asv.conf.json", "asv.conf.jsonc")

BROKEN = (
    *(util.UserError, OSError, ValueError, TypeError, AttributeError, KeyError),
    *(RecursionError, OverflowError),
)
"""What asv raises on a file of its own that was damaged."""


SHOWN = 80
"""Characters of a name that is refused."""


class ProjectError(Exception):
    """A mistake that its user can mend; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """One asv project: its configuration, in which every folder is absolute.

    Attributes:
        config: The configuration file.
        conf: asv's own Config, with absolute paths; copy it before changing it.
        checkout: The local repository that is benchmarked, or None if `repo` is a URL.
    """

    config: Path
    conf: Any
    checkout: Path | None

    @property
    def root(self) -> Path:
        """The folder of the configuration file, in which asv does its work."""
        return self.config.parent

    @property
    def results(self) -> Path:
        """Asv's folder of recorded results."""
        return Path(self.conf.results_dir)

    @property
    def benchmark_dir(self) -> Path:
        """The folder of today's benchmarks."""
        return Path(self.conf.benchmark_dir)

    @property
    def own(self) -> Path:
        """The folder below which this tool keeps all it makes for itself."""
        return self.root / ".asv" / "explain"

    @property
    def explanations(self) -> Path:
        """The folder of the explanations that are kept."""
        return self.root / ".asv" / "explanations"


def one_line(error: object) -> str:
    """Return a message with its line breaks and runs of blanks taken out."""
    return " ".join(str(error).split())


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Make `folder` the current one for a while, as asv reads some files from there."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def load_project(config: Path | None = None) -> Project:
    """Read an asv configuration: the given file, or the one in the current folder.

    Raises ProjectError if there is none, if it is broken, or if a plugin it names is.
    """
    path = (config if config is not None else _find_config(Path.cwd())).absolute()
    try:
        conf = Config.load(str(path))
    except util.UserError as error:
        raise ProjectError(f"{one_line(error)} Mend {path}, or pass --config FILE.") from None
    except BROKEN as error:
        raise ProjectError(f"{path} cannot be read ({one_line(error)}); mend the file.") from None
    root = path.parent
    for key in ("benchmark_dir", "results_dir", "env_dir", "html_dir", "repo"):
        value = getattr(conf, key)
        if not isinstance(value, str):
            raise ProjectError(f"{path}: {key} is no text; mend the file.")
        if key == "repo" and not _is_folder(root / value):
            continue  # It may be an address.
        _check_length(path, key, root / value)
        setattr(conf, key, os.path.normpath(root / value))
    checkout = Path(conf.repo) if _is_folder(Path(conf.repo)) else None
    if checkout is None and conf.dvcs is None and "://" not in conf.repo and "@" not in conf.repo:
        told = one_line(conf.repo)[:SHOWN]
        raise ProjectError(f"{path}: repo is {told}, which is no folder; mend the file.")
    _load_plugins(root, conf)
    return Project(config=path, conf=conf, checkout=checkout)


def _check_length(config: Path, key: str, folder: Path) -> None:
    try:
        folder.lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            told = one_line(folder.name)[:SHOWN]
            raise ProjectError(
                f"{config}: {key} is {told}, too long for a folder's name; mend the file."
            ) from None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # Such as a name that no file system holds.
        return False


def _find_config(folder: Path) -> Path:
    found = [folder / name for name in _CONFIG_NAMES if (folder / name).is_file()]
    if not found:
        raise ProjectError(
            f"there is no asv.conf.json in {folder}; change to the folder that holds it, "
            "or pass --config FILE."
        )
    if len(found) > 1:
        raise ProjectError(f"{folder} has {' and '.join(_CONFIG_NAMES)}; pass --config FILE.")
    return found[0]


def _load_plugins(root: Path, conf: Any) -> None:
    # asv imports its plugins, of which this tool is one, while it makes its plugin manager.
    from asv.plugin_manager import plugin_manager  # type: ignore[import-untyped]

    with working_in(root):
        for plugin in conf.plugins:
            try:
                plugin_manager.import_plugin(plugin)
            except ImportError as error:
                raise ProjectError(
                    f"the plugin {plugin} of asv.conf.json cannot be imported "
                    f"({one_line(error)}); install it, or take it out of `plugins`."
                ) from None


def machine_name(project: Project, wanted: str | None = None) -> str:
    """Return the name under which asv keeps this machine's results; writes and asks nothing.

    Raises ProjectError if asv knows no machine `wanted`, or its machine file is broken.
    """
    known = _machines()
    if wanted is not None:
        names = {str(entry.get("machine")) for entry in known.values()}
        names |= {path.parent.name for path in project.results.glob("*/machine.json")}
        if wanted not in names:
            raise ProjectError(
                f"asv knows no machine {wanted}; pass -m with one of: "
                f"{', '.join(sorted(names)) or 'none as yet, so run `asv machine` first'}."
            )
        return wanted
    host = str(Machine.get_unique_machine_name())
    try:
        return str(MachineCollection.load(host)["machine"]) if known else host
    except util.UserError:
        return host


def machine_facts(project: Project, name: str) -> dict[str, str]:
    """Return what asv knows of a machine, such as its ``cpu``, ``os`` and ``ram``.

    Raises ProjectError if asv's machine file is broken.
    """
    found = next((one for one in _machines().values() if one["machine"] == name), {})
    if not found:
        with contextlib.suppress(*BROKEN):
            path = project.results / name / "machine.json"
            found = dict(util.load_json(str(path), api_version=Machine.api_version))
    return {str(key): str(value) for key, value in found.items() if key != "version" and value}


def _machines() -> dict[str, dict[str, Any]]:
    file = Path(MachineCollection.get_machine_file_path())
    if not file.is_file():
        return {}
    try:
        known = util.load_json(str(file), MachineCollection.api_version)
        named = all(isinstance(entry["machine"], str) for entry in known.values())
    except KeyError:
        named = False
    except BROKEN as error:
        raise ProjectError(
            f"{file} cannot be read ({one_line(error)}); move it away and run `asv machine`."
        ) from None
    if not named:
        raise ProjectError(f"{file} has an entry without a name; run `asv machine`.")
    return dict(known)


def environments(project: Project, specs: Sequence[str] = (), conf: Any = None) -> tuple[Any, ...]:
    """Return asv's own environments for what was given to -E, or all that are configured.

    Nothing is made on disk. `conf` may be a changed copy of the project's configuration.
    Raises ProjectError if asv has no such environment on this machine.
    """
    try:
        with working_in(project.root):
            found = tuple(get_environments(conf or project.conf, list(specs), verbose=False))
    except (util.UserError, EnvironmentUnavailable, RuntimeError, TypeError) as error:
        raise ProjectError(
            f"no environment ({one_line(error)}); mend -E or asv.conf.json."
        ) from None
    if not found:
        wanted = f"-E {' -E '.join(specs)}" if specs else "asv.conf.json"
        raise ProjectError(
            f"asv cannot make an environment for {wanted} on this machine; install that Python "
            "and the environment tool, or name another one with -E."
        )
    return found


def check_installable(environment: Any) -> None:
    """See that commits can be installed in an environment of asv's.

    Raises ProjectError if it is a Python that was there before.
    """
    if not environment.can_install_project():
        raise ProjectError(
            f"{environment.name} uses an existing Python, in which no commit can be installed; "
            "name an environment that asv makes, such as -E virtualenv."
        )


def environment_named(
    project: Project, name: str, specs: Sequence[str] = (), conf: Any = None
) -> Any:
    """Return asv's environment of that name, from asv.conf.json or from what was given to -E.

    Raises ProjectError if there is none.
    """
    offered = environments(project, (), conf) if not specs else environments(project, specs, conf)
    for environment in offered:
        if environment.name == name:
            return environment
    names = ", ".join(sorted(environment.name for environment in offered))
    raise ProjectError(f"there is no environment {name}; pass -E with one of: {names}.")


def configured(project: Project, /, **changes: object) -> Any:
    """Return a copy of asv's Config with some settings changed."""
    copy = Config()
    copy.__dict__.update(project.conf.__dict__ | changes)
    return copy
