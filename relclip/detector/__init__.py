"""The detector: Faster R-CNN trained on the objects, whose boxes feed SGDet (docs/method.md, 9)."""
