"""`mini`: detects objects, grounds the instruction, acts; small enough for any CPU."""
