"""What a stage tells while it works, and MLflow, which may listen."""
