"""The view of one film: a QWidget that paints what `imaging.show` renders."""
