"""The figures: SVG drawn twice, for a light and a dark page; sample scenes as JPEG."""
