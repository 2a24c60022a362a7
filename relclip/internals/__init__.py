"""Other people's internals, in one room: each with the version it was read in, what it gains, and the plain way.

Where another version is installed the plain way is taken, with a word.
"""
