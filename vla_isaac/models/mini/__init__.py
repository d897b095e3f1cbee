"""`mini`: a small network that finds keypoints in pictures by what a sentence says, for any CPU."""
