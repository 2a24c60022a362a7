"""What WordNet says of words (words.json): who is a person or an animal, what is worn, what is a verb."""
