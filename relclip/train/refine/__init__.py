"""Refining a trained run: VisualDS's EM and BA-SGG (docs/method.md, 6 and 8)."""
