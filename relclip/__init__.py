"""RelCLIP: visual relationship detection from pictures and words. One sub-package a stage of the pipeline."""

__version__ = "0.1.0"
