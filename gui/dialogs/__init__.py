"""Dialogs: built for one use, shown without an event loop of their own where they can be."""
