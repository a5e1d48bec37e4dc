"""A pack on paper: a page that stands alone, as a PDF of A4 pages.

WeasyPrint draws it, an extra of ours; it is imported by the call that needs it. What a page says is
no business of this module.
"""

from __future__ import annotations

import logging
import re

from ingest.errors import CoreMeasuresError

# A council of many words is set in smaller type than the style sheet's before it takes a page more.
_SMALLER = ("8pt", "7.6pt", "7.2pt")
# The class that all of a pack stands within.
_WITHIN = "pack"
_CLASS = re.compile(r"\.([a-z][\w-]*)")


class PrintError(CoreMeasuresError):
    """A page could not be printed."""


def require_weasyprint() -> None:
    """See that WeasyPrint is there, before there is anything to print.

    Raises
    ------
    PrintError
        It is not installed, or does not find what it draws with.
    """
    try:
        import weasyprint  # noqa: F401
    except ImportError as missing:
        raise PrintError(
            "A PDF needs WeasyPrint, which is not installed: pip install 'core-measures[pack]'."
        ) from missing
    except OSError as missing:
        raise PrintError(
            "WeasyPrint does not find Pango, which it draws letters with: install it (on Debian,"
            " libpango-1.0-0 and libpangoft2-1.0-0), or print the page of --html in a browser."
        ) from missing


def to_pdf(page: str, pages: int) -> tuple[bytes, int]:
    """A page that stands alone as a PDF, and how many pages of A4 it takes.

    It is set so that it takes `pages`, if type that can be read allows it.

    Raises
    ------
    PrintError
        As `require_weasyprint`.
    """
    require_weasyprint()
    from weasyprint import CSS, HTML
    from weasyprint.urls import URLFetcher

    # It tells of each rule of a style sheet that is for a screen.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    # A page that stands alone needs nothing from anywhere.
    nothing = URLFetcher(allowed_protocols=())
    html = HTML(string=_with_style_in_pictures(page), url_fetcher=nothing)
    document = html.render()
    for size in _SMALLER:
        if len(document.pages) <= pages:
            break
        smaller = CSS(string=f"@media print {{ .{_WITHIN} {{ font-size: {size} !important }} }}")
        document = html.render(stylesheets=[smaller])
    return document.write_pdf(pdf_tags=True), len(document.pages)


def _with_style_in_pictures(page: str) -> str:
    """The page with its colours within each chart.

    WeasyPrint reads a picture by itself: it knows nothing of the page's style and its variables.
    """
    import tinycss2

    style = page.split("<style>", 1)[1].split("</style>", 1)[0]
    pictures = "".join(re.findall(r"<svg\b.*?</svg>", page, re.DOTALL))
    used = set(" ".join(re.findall(r'class="([^"]+)"', pictures)).split())
    colours: dict[str, str] = {}
    rules = []
    for rule in tinycss2.parse_stylesheet(style, skip_comments=True, skip_whitespace=True):
        # Those of a screen alone, and of the dark, stand within @media.
        if rule.type != "qualified-rule":
            continue
        selector, body = tinycss2.serialize(rule.prelude), tinycss2.serialize(rule.content)
        if selector.strip() == ":root":
            colours |= dict(re.findall(r"--([\w-]+):\s*([^;]+)", body))
        selector = selector.replace(f".{_WITHIN} ", "")
        named = set(_CLASS.findall(selector))
        # Of what a chart has and nothing else.
        if named and named <= used:
            rules.append(f"{selector}{{{body}}}")
    css = re.sub(r"var\(--([\w-]+)\)", lambda name: colours[name[1]], "".join(rules))
    return re.sub(r"(<svg\b[^>]*>)", rf"\1<style>{css}</style>", page)
