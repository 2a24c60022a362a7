"""EXT: CLIP's scores of candidate predicates on union crops, and its zero-shot labels of object crops."""
