"""Hits are money: one shared limit for all processes, and a ledger of what was spent."""
