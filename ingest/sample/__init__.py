"""The sample: real published figures in one compact table, laid out again at run time.

`lay_out` prints the table as an archive, each file in its publisher's own layout, so that the
sample goes through the same code as any archive. It is the tests' factory too: it prints other
figures than the sample's (`synthetic`, `reissued`), and files that are damaged
(`ingest.sample.faults`).
What has no place in one table is kept beside it: the statistical neighbours, and cuts of workbooks
and of lists that are counted. No file as published is kept here; `scripts/write_sample.py` writes
all of it from an archive.
"""

from pathlib import Path

from ingest.sample.cuts import Lacking, accepted_as_lacking, lay_out_cuts
from ingest.sample.faults import Fault
from ingest.sample.figures import SCHEMA, SampleRelease, read_figures, read_releases
from ingest.sample.layout import LAYOUT_NOTE, lay_out
from ingest.sample.neighbours import lay_out_neighbours
from ingest.sample.synthetic import reissued, synthetic

__all__ = [
    "LAYOUT_NOTE",
    "SCHEMA",
    "Fault",
    "Lacking",
    "SampleRelease",
    "accepted_as_lacking",
    "lay_out",
    "lay_out_cuts",
    "lay_out_neighbours",
    "lay_out_sample",
    "read_figures",
    "read_releases",
    "reissued",
    "synthetic",
]


def lay_out_sample(destination: Path) -> Path:
    """Write the whole sample as an archive: figures, statistical neighbours and cuts."""
    return lay_out_cuts(lay_out_neighbours(lay_out(destination)))
