"""From `DecodedImage` to display pixels: window, pyramid, transform, heat map."""
