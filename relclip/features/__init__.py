"""Frozen patch maps, V(I) of RelCLIP section 3.1, computed once an image."""
