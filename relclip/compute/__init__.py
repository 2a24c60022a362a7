"""Work on a device: torch prepared, several processes, memory, checkpoints, schedules."""
