"""What asv.conf.json and ~/.asv-machine.json say, read without importing asv."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["AsvProject", "SettingsError", "known_machine", "read_project"]

_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_STRING_OR_LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')


class SettingsError(Exception):
    """A settings file is missing or unusable; the text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class AsvProject:
    """Where one asv project keeps its parts; every path is absolute."""

    config: Path
    repository: Path
    results: Path
    html: Path


def read_project(config: Path) -> AsvProject:
    """Return the folders an asv configuration file names, with asv's own defaults.

    Raises SettingsError if the file is missing or is not JSON with comments.
    """
    try:
        text = config.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{config} does not exist; run this from the checkout's root, or pass --config FILE."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} cannot be read ({error}); mend the file.") from None
    try:
        settings = json.loads(_plain_json(text))
    except ValueError as error:
        raise SettingsError(f"{config} is not JSON ({error}); mend the file.") from None
    if not isinstance(settings, dict):
        raise SettingsError(f"{config} holds no JSON object; mend the file.")
    folder = config.absolute().parent
    # asv accepts a URL here as well; then the milestones are those of the checkout around it.
    local = folder / _text(settings, "repo", ".", config)
    return AsvProject(
        config=config.absolute(),
        repository=local if local.is_dir() else folder,
        results=folder / _text(settings, "results_dir", "results", config),
        html=folder / _text(settings, "html_dir", "html", config),
    )


def known_machine(file: Path, host: str) -> str | None:
    """Return the machine name asv will store results under, or None if it has no entry yet.

    As in asv, an entry under the host's name counts, and so does a single entry under any name.
    Raises SettingsError if the file is not asv's.
    """
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{file} cannot be read ({error}); mend it, or move it away to have it written anew."
        ) from None
    if not isinstance(entries, dict):
        raise SettingsError(f"{file} holds no machine entries; move it away and run this again.")
    entries.pop("version", None)
    if host in entries:
        entry = entries[host]
    elif len(entries) == 1:
        (entry,) = entries.values()
    else:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("machine"), str):
        raise SettingsError(f"{file} has an entry without a machine name; run `asv machine`.")
    return str(entry["machine"])


def _plain_json(text: str) -> str:
    """Take comments and trailing commas, which asv allows, out of JSON."""
    text = _STRING_OR_COMMENT.sub(lambda match: match[1] or " ", text)
    return _STRING_OR_LAST_COMMA.sub(lambda match: match[1] or "", text)


def _text(settings: dict[str, object], key: str, default: str, config: Path) -> str:
    value = settings.get(key, default)
    if not isinstance(value, str):
        raise SettingsError(f"{config}: {key} is no text; mend the file.")
    return value
