"""Reading, compiling and rendering a template."""

from __future__ import annotations

from jinja2 import DictLoader, Environment

BASE = """<!doctype html>
<title>{% block title %}Shop{% endblock %}</title>
<ul>{% for link in links %}<li><a href="{{ link.href }}">{{ link.text|title }}</a>{% endfor %}</ul>
{% block body %}{% endblock %}
"""

PAGE = """{% extends "base.html" %}
{% import "parts.html" as parts %}
{% block title %}{{ super() }}: {{ heading|upper }}{% endblock %}
{% block body %}
<h1>{{ heading }}</h1>
{# Articles that are sold out come without a price. #}
<table>
{% for article in articles if article.name is string %}
  <tr class="{{ loop.cycle('odd', 'even') }}{% if loop.first %} first{% endif %}">
    <td>{{ loop.index }}<td>{{ article.name }}
    <td>{% if article.count > 0 %}{{ parts.price(article.price, "EUR") }}{% else %}-{% endif %}
    <td>{{ article.tags|join(", ") }}{% set total = article.count * article.price %}
    <td>{{ "%.2f"|format(total) }} {{ article.note|default("none", true)|truncate(12) }}
  </tr>
{% endfor %}
</table>
{% filter escape %}<b>{{ articles|length }} & more</b>{% endfilter %}
{% endblock %}
"""

PARTS = """{% macro price(amount, currency="EUR") %}<b>{{ amount|round(2) }}</b> {{ currency }}
{%- endmacro %}
"""

ARTICLES = 150


class Templates:
    """A page that extends another one and takes a macro from a third."""

    def setup(self) -> None:
        self.sources = {"base.html": BASE, "page.html": PAGE, "parts.html": PARTS}
        self.environment = Environment(autoescape=True, loader=DictLoader(self.sources))
        self.page = self.environment.get_template("page.html")
        self.values = {
            "heading": "Tea & cups",
            "links": [{"href": f"/{n}?a=1&b=2", "text": f"page {n}"} for n in range(5)],
            "articles": [
                {
                    "name": f"Cup <{n}>",
                    "count": n % 3,
                    "price": 1.5 * n,
                    "tags": ["blue", f"size {n}"],
                    "note": "" if n % 2 else "made by hand & painted",
                }
                for n in range(ARTICLES)
            ],
        }

    def time_render(self) -> None:
        self.page.render(self.values)

    def time_lex(self) -> None:
        for _ in range(6):
            list(self.environment.lex(PAGE))

    def time_parse(self) -> None:
        for _ in range(3):
            self.environment.parse(PAGE)

    def time_generate(self) -> None:
        self.environment.compile(PAGE, raw=True)
