"""The Isaac Sim backend, 4.2 to 6.2, in a standalone script or in Kit, by the classic or the experimental interface."""
