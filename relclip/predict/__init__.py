"""Triplets of PredCls, SGCls (val and test) and SGDet (test): of a trained run, or of a row that needs no training."""
