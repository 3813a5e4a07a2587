"""The second reader: bundles, engines, Grad-CAM, operating points. Free of Qt."""
