"""What people are asked about predictions (table 2), what they answered, how far they agree."""
