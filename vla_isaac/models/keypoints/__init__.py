"""`keypoints`: a small network that finds keypoints in pictures conditioned on a sentence; trains on any demonstrations."""
