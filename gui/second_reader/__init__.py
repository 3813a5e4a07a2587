"""What the model says: scoring, explaining, a second opinion, decisions, checking it on known films."""
