"""params.yaml: closed, typed sections, each in the file of its stage's name; `whole` is all of them.

A stage imports its own sections alone: what it depends on is what it can import (relclip/project/closure.py).
"""
