"""From a decoded film to scores, against operating points, beside readers' decisions."""
