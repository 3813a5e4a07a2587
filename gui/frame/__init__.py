"""What surrounds the film: bars, columns, icons, the windows that are opened from it."""
