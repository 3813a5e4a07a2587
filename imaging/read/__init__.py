"""From files to `DecodedImage`."""
