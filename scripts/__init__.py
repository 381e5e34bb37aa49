"""Programs around the portal: set-up, demo, checks. Run as `python -m scripts.NAME`."""
