"""The earth: coordinates and datums, shapes, measure, H3, the exact point index. Usable as a library."""
