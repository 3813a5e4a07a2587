"""Whether a film is one that the model may speak about."""
