"""Models on disk: the card, the graph, writing, reading, verifying, finding."""
