"""The networks: backbones and heads by name, built with torch."""
