"""The Isaac Sim backend for 4.2 to 6.2, in a standalone script or in Kit, on the classic or the experimental API."""
