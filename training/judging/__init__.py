"""What a model is worth on films it never saw, with intervals, beside others, and in words."""
