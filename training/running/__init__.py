"""A run: its folder, its process, those beside it."""
