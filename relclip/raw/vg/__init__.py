"""Visual Genome and Conceptual Captions by download: fetch, unpack, and the same data/raw as any other source."""
