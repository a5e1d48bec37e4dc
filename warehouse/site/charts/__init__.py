"""Pictures: lines over time, all councils of a period as dots, and a map of tiles.

Drawn as plain SVG that is there before any script runs, prints, and takes its colours from the
style sheet, so that light and dark are one file. What a script moves (another period) it moves
along the axes that were drawn here. vl-convert draws one chart at a time in some tenths of a second
and sets its colours into each: a site has some ten thousand, in light and in dark.
"""

from warehouse.site.charts.lines import Line, chart_data, line_chart, sparkline
from warehouse.site.charts.strip import Strip, strip_plot
from warehouse.site.charts.tiles import tile_map

__all__ = ["Line", "Strip", "chart_data", "line_chart", "sparkline", "strip_plot", "tile_map"]
