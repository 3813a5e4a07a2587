"""The list: what was opened, its rows and small pictures, the film that is read and those read ahead."""
