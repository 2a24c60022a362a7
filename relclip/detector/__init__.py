"""The detector: Faster R-CNN trained on the objects, whose boxes feed SGDet (METHOD section 9)."""
