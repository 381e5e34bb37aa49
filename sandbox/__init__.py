"""A pretend Enphase: the documented API v4 over HTTP, with its own world, clock and faults.

Started as a program (`python -m sandbox`); it imports nothing of the portal and nothing of the
portal imports it, so that the two cannot be wrong together. Standard library only.
"""
