"""RelCLIP: visual relationship detection from pictures and words. One sub-package a stage of the pipeline."""

import os

__version__ = "0.1.0"

# A waiting OpenMP thread gives its core away instead of spinning: spinning cost jobs side by side a factor of five.
# It must be set before the first import of torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
