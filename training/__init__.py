"""From a labelled folder to a sealed model. Free of Qt."""
