"""What runs a network, on which device, and which of several is the fastest here."""
