"""The one narrow protocol every simulator backend fulfils, and how it is driven."""
