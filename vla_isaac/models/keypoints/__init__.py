"""`keypoints`: a small network that finds points in pictures by what a sentence says; learns from any demonstrations."""
