"""From a trained network to a bundle whose card is true: calibration, points, gate, int8 graph."""
