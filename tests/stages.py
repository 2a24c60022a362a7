"""The stages, in the order the data takes: packages of relclip."""

STAGES = [
    "raw",
    "dataset",
    "kb",
    "words",
    "clip",
    "features",
    "ext",
    "detector",
    "train",
    "predict",
    "gradcam",
    "evaluate",
    "tables",
]
