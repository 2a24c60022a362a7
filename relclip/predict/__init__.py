"""Triplets of two tasks, PredCls and SGCls, for val and test: of a trained run, or of a row that needs no training."""
