"""The panels around the film. They read the review and know nothing of the viewport."""
