"""A project's folder: presets, its room on disk, its pipeline."""
