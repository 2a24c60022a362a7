"""The encoder: a small CLIP pre-trained on region phrases, or any open_clip model; prompt embeddings."""
