"""Arrays by what is in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Numbers, nan where there is none."""
Flags = NDArray[np.bool_]
"""Whether, of each."""
Places = NDArray[np.intp]
"""Positions in another array."""
Texts = NDArray[np.object_]
"""Text, or what else a cell of a data frame holds."""
