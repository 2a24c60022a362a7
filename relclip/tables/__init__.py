"""What the runs gave: tables 1, 3, 5 and 6 beside the paper's, claims, figures and one page to read."""
