"""Word vectors -> embeddings of the phrases that semantic-aware active sampling compares (RelCLIP eq. 7)."""
