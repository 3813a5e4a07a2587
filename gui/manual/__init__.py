"""The manual in the program: its pages, the window that shows them, and which page belongs to what is on screen."""
