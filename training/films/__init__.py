"""Which films teach and which judge: lists and folders read, decoded, parted by patient."""
