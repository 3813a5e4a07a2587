"""The two bundled models, each re-made by one command: `python -m training.bundled practice|pneumonia`."""
