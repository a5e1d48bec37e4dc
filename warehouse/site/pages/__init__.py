"""What stands on each page: marts in, HTML out, one page at a time.

`view` asks the marts what every page asks of them, `render` fills templates; a module a kind of
page; `data_files` writes the same figures for programs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from warehouse.reports.names import search_words
from warehouse.site import words
from warehouse.site.marts import Marts
from warehouse.site.pages.areas import AreaPages
from warehouse.site.pages.changes import ChangesPage
from warehouse.site.pages.council import CouncilPages
from warehouse.site.pages.data_files import DataFiles
from warehouse.site.pages.front import FrontPage
from warehouse.site.pages.measure import MeasurePages
from warehouse.site.pages.pack import PackPages
from warehouse.site.pages.render import Renderer, in_json
from warehouse.site.pages.view import View

Half = Literal["first", "second"]
"""Of a site's pages and files: each takes a process about as long."""
# Of twelve councils those of the first half, which has more beside them to write.
_OF_FIRST, _OF_BOTH = 5, 12


class Pages:
    """Every page of a site."""

    def __init__(self, marts: Marts, charts_script: str, dbt_docs: str = "") -> None:
        self.marts = marts
        self._view = View(marts)
        self._renderer = Renderer(charts_script, self._view.is_sample)
        self._dbt_docs = dbt_docs
        # One for both halves: what councils share is read and said once.
        self._of_councils = CouncilPages(self._view, self._renderer)

    def read(self) -> None:
        """Read now what both halves tell, so that a copy of this process asks the marts no more."""
        self.marts.read()
        _ = self._of_councils.cells

    def half(self, half: Half) -> Iterator[tuple[str, str]]:
        """Pages by their paths, and the files beside them, of one half of the site.

        Of the councils here and there one; the packs are of the second half, and the first has the
        rest.
        """
        for place, council in enumerate(self.marts.councils):
            if (place * _OF_FIRST % _OF_BOTH < _OF_FIRST) == (half == "first"):
                yield from self._of_councils.pages(council)
        yield from self._packs() if half == "second" else self._rest()

    def _packs(self) -> Iterator[tuple[str, str]]:
        packs = PackPages(self._view, self._renderer)
        for council in self.marts.councils:
            # A council that ended has no board to talk its figures over.
            if council.is_current:
                yield f"packs/{council.slug}.html", packs.page(council)

    def _rest(self) -> Iterator[tuple[str, str]]:
        view, renderer = self._view, self._renderer
        yield "index.html", FrontPage(view, renderer).page()
        yield "about.html", self._about()
        yield "data.html", self._data()
        yield "compare.html", renderer.page("compare", "", ambitions=view.by_ambition)
        yield "changes.html", ChangesPage(view, renderer).page()
        areas = AreaPages(view, renderer)
        for ambition, title, measures in view.by_ambition:
            yield f"ambitions/{ambition}.html", areas.ambition(ambition, title, measures)
        for region in self.marts.regions:
            yield f"regions/{region.slug}.html", areas.region(region)
        of_measures = MeasurePages(view, renderer)
        for measure in self.marts.measures:
            yield from of_measures.pages(measure)
        yield from DataFiles(view).all()
        yield "assets/search-index.js", self._search_index()

    def _about(self) -> str:
        """How to read a figure, where figures are from, and how accessible the site is."""
        return self._renderer.page(
            "about",
            "",
            releases=[
                (release, words.publisher(release.publisher), self._view.published_on(release))
                for release in self.marts.releases
            ],
        )

    def _data(self) -> str:
        """The data dictionary: every mart and column, with its files."""
        return self._renderer.page("data", "", tables=self.marts.tables(), dbt_docs=self._dbt_docs)

    def _search_index(self) -> str:
        """Names, and words that people use for them: a script, since a page may fetch nothing."""
        synonyms = search_words()
        entries: list[list[str]] = []
        for council in self.marts.councils:
            note = council.region_name
            if council.valid_to is not None:
                note += f", until {words.day(council.valid_to)}"
            also = " ".join(synonyms.councils.get(council.code, ()))
            entries.append([council.name, f"councils/{council.slug}.html", note, also])
        for region in self.marts.regions:
            entries.append([region.name, f"regions/{region.slug}.html", "Region", ""])
        for measure in self.marts.measures:
            also = " ".join(synonyms.measures.get(measure.measure_id, ()))
            entries.append([measure.title, f"measures/{measure.measure_id}.html", "Measure", also])
        return f"window.coreMeasuresSearch={in_json(entries)};\n"
