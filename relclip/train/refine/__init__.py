"""Refining a trained run: VisualDS's EM and BA-SGG (METHOD sections 6 and 8)."""
