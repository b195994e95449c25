"""The scripts that asv's pages load from elsewhere, out of npm packages.

asv's index.html names a hash with each script. Where the package's file has it, the browser sees
to that itself. Flot and stupidtable are on npm in another form than on asv's CDN, the same
version but not made small, and the next one; of those, the browser is told no hash.
"""

import base64
import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["CACHE", "FILES", "CdnError", "answers", "without_wrong_hashes"]

CACHE = Path(__file__).parents[2] / ".asv" / "npm"
"""Where packages are kept from one call to the next."""

_FLOT = "https://cdnjs.cloudflare.com/ajax/libs/flot/0.8.3/jquery.flot"

FILES = {
    "https://code.jquery.com/jquery-3.3.1.min.js": ("jquery@3.3.1", "dist/jquery.min.js"),
    f"{_FLOT}.min.js": ("flot@0.8.3", "jquery.flot.js"),
    f"{_FLOT}.time.min.js": ("flot@0.8.3", "jquery.flot.time.js"),
    f"{_FLOT}.selection.min.js": ("flot@0.8.3", "jquery.flot.selection.js"),
    f"{_FLOT}.categories.min.js": ("flot@0.8.3", "jquery.flot.categories.js"),
    "https://cdn.jsdelivr.net/npm/flot-orderbars@1.0.0/js/jquery.flot.orderBars.js": (
        "flot-orderbars@1.0.0",
        "js/jquery.flot.orderBars.js",
    ),
    "https://cdnjs.cloudflare.com/ajax/libs/stupidtable/1.0.1/stupidtable.min.js": (
        "stupid-table-plugin@1.1.3",
        "stupidtable.min.js",
    ),
    "https://cdnjs.cloudflare.com/ajax/libs/blueimp-md5/2.19.0/js/md5.min.js": (
        "blueimp-md5@2.19.0",
        "js/md5.min.js",
    ),
    "https://cdn.jsdelivr.net/npm/bootstrap@3.1.1/dist/js/bootstrap.min.js": (
        "bootstrap@3.1.1",
        "dist/js/bootstrap.min.js",
    ),
    "https://cdn.jsdelivr.net/npm/bootstrap@3.1.1/dist/css/bootstrap.min.css": (
        "bootstrap@3.1.1",
        "dist/css/bootstrap.min.css",
    ),
}
"""Package and file for each address in the index.html of asv 0.6.6."""

_HASHED = re.compile(r'((?:src|href)="(https://[^"]+)") integrity="(sha\d+)-([^"]+)"')


class CdnError(Exception):
    """A package can't be had; the text says what to do, in one line."""


def answers(cache: Path = CACHE) -> dict[str, bytes]:
    """The content of each address, from packages that npm fetches once.

    Raises CdnError if it can't.
    """
    return {url: _file(package, name, cache) for url, (package, name) in FILES.items()}


def without_wrong_hashes(page: str, found: Mapping[str, bytes]) -> str:
    """Take out of a page the hashes that what is found does not have."""

    def checked(match: re.Match[str]) -> str:
        tag, url, algorithm, digest = match.groups()
        actual = hashlib.new(algorithm, found.get(url, b"")).digest()
        return match[0] if base64.b64encode(actual).decode() == digest else tag

    return _HASHED.sub(checked, page)


def _file(package: str, name: str, cache: Path) -> bytes:
    path = cache / f"{package}.tgz"
    if not path.is_file():
        _fetch(package, path)
    try:
        with tarfile.open(path) as archive:
            found = archive.extractfile(f"package/{name}")
            return b"" if found is None else found.read()
    except (OSError, EOFError, KeyError, tarfile.TarError) as error:
        reason = " ".join(str(error).split())
        raise CdnError(f"{path} lacks {name} ({reason}); delete it.") from None


def _fetch(package: str, path: Path) -> None:
    """Let npm fetch and check a package; half of one is never left, whoever else fetches it."""
    if shutil.which("npm") is None:
        raise CdnError("npm isn't there; install Debian's package npm.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as partial:
        done = subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", partial, package],
            capture_output=True,
            text=True,
        )
        archives = [*Path(partial).glob("*.tgz")]
        if done.returncode != 0 or not archives:
            reason = " ".join(done.stderr.split()) or f"status {done.returncode}"
            raise CdnError(f"npm can't fetch {package} ({reason}); see to the network.")
        archives[0].replace(path)
