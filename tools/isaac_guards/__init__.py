"""Switch off each guard against a trap of Isaac Sim in turn: the test of that guard must then fail."""
