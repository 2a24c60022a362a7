"""What WordNet says of words: who is a person or an animal, what is worn, a part of a body or a vehicle (words.json)."""
