"""Steps, epochs and which of them is kept."""
