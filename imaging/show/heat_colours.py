"""The fixed scale of heat, for whoever paints it: free of numpy, as the window shows the scale before any film."""

from __future__ import annotations

# RGB at evenly spaced heats from 0 to 1, straight lines in between: black over red to pale yellow, rising evenly in
# lightness (after inferno, CC0, by S. van der Walt and N. Smith), so that it reads in grey and with colour-blind eyes.
STOPS = ((0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85), (227, 89, 51), (249, 140, 10),
         (249, 201, 50), (252, 255, 164))  # fmt: skip
