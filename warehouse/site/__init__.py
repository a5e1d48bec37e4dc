"""The site: pages for people, made from the marts of one build.

Static files and nothing else: no server, no address outside, so that it opens from a file share.
`figures` reads the marts, `words` says a figure, `charts` draws it, `questions` asks what it
raises, `pages` puts pages together, `build` writes them and keeps what did not change; `pack` and
`printing` put one council on paper.
"""

from warehouse.site.build import (
    DBT_DOCS,
    SITE,
    SiteError,
    SiteReport,
    renew_site,
    write_site,
)

__all__ = ["DBT_DOCS", "SITE", "SiteError", "SiteReport", "renew_site", "write_site"]
