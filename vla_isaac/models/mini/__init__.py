"""`mini`: sees things, reads what is asked, decides; small enough for any CPU."""
