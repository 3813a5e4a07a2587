"""Where a network's weights begin, and how foreign files of them are read."""
