"""The ledger of what is believed about Isaac Sim: is it complete, and as a page of the documentation."""
