"""People judge table 2: a page on this machine that asks of the surest predictions whether they are right.

It needs Flask (`pip install relclip[annotate]`); answers live in one SQLite file.
"""
