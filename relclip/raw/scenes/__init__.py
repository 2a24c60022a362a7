"""Procedural scenes in Visual Genome's own formats, with a caption corpus and pictures for CLIP's pre-training."""

from relclip.raw.scenes.write import make_scenes

__all__ = ["make_scenes"]
