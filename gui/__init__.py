"""The window. The only package, with main.py, that knows Qt."""
