"""How the process behaves: memory, imports, signals of the terminal, which release it is."""
