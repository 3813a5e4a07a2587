"""The wizard that trains a model: a window of its own, one page a step."""
