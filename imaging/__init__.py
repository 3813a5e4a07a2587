"""Films: reading, showing and making them. Free of Qt and of torch."""
