"""Word vectors -> embeddings of the phrases that semantic-aware active sampling compares (RelCLIP eq. 7)."""

from relclip.words.build import Phrases, build, embed_phrases

__all__ = ["Phrases", "build", "embed_phrases"]
