"""Films inside other files: ZIP archives, gzip and deflated files, and the table of contents of a disc."""
