"""What you do with the loop to learn how good and how fast things are."""
