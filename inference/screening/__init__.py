"""Many files without a window, in one process or in many."""
