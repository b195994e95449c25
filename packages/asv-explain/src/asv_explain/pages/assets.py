"""The files that every page needs, and the templates, all from inside the package."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from asv_explain.reports.text import plain

__all__ = ["LINKED", "json_block", "listed", "policy", "render", "script_hash", "static"]

# Everything that could end a script element, open a comment in one, or break a line of JavaScript.
_ESCAPES = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


def policy(scripts: str, styles: str) -> str:
    """A content security policy by which a page loads nothing but what is named.

    plotly writes styles into the page, so they may stand there; scripts may not.

    Args:
        scripts: sources of scripts.
        styles: sources of styles, besides those in the page.
    """
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; "
        "base-uri 'none'; form-action 'none'"
    )


LINKED = policy("'self'", "'self' 'unsafe-inline'")
"""The policy of pages that link to files beside them."""


def script_hash(text: str) -> str:
    """A script's text as a source for a content security policy."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def static(name: str) -> str:
    """The text of a file that pages link to; plotly's script is that of the plotly package."""
    if name == "plotly.min.js":
        return files("plotly").joinpath("package_data", name).read_text(encoding="utf-8")
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def json_block(value: Any) -> Markup:
    """A value as JSON that can stand inside a script element, whatever it holds."""
    return Markup(json.dumps(value, separators=(",", ":")).translate(_ESCAPES))  # noqa: S704


def listed(parts: Sequence[str]) -> str:
    """Words as a list in a sentence."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def render(template: str, **values: Any) -> str:
    """A template with its values; text among them is never markup."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("asv_explain.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["quoted"] = _quoted
    environment.filters["json_block"] = json_block
    return environment


def _finalize(value: Any) -> Any:
    """Texts without control characters, which could turn the direction of what follows."""
    return plain(value) if type(value) is str else value


def _quoted(text: str) -> Markup:
    """A sentence in which names stand between grave accents, as text with code in it."""
    parts = re.split(r"`([^`]*)`", plain(text))
    code = [Markup("<code>{}</code>").format(part) for part in parts[1::2]]
    return Markup("").join(
        one for pair in zip_longest(parts[::2], code, fillvalue="") for one in pair
    )


def _breakable(name: str) -> Markup:
    """A name that may be broken after dots and before underscores, as text."""
    return Markup("<wbr>").join(re.split(r"(?<=[./])(?!$)|(?<=[^\W_])(?=_)", plain(name)))
