"""What all stages share. Nothing here imports a stage, torch, duckdb or a tracker at import time."""
