"""Where a network looks: Grad-CAM and other ways, and how a raw map lies on the film."""
