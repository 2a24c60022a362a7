"""The frozen encoder, as the stages use it: pictures, crops and texts to embeddings."""
