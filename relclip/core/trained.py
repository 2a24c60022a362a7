"""The files of a trained network's folder; `statistics.json` lies beside them."""

WEIGHTS, CONFIG = "model.safetensors", "config.json"
