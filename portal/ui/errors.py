"""Our own refusals: one sentence that says what is true and what to do about it."""


class Refused(Exception):
    """Something is not done because of our rules. `str(error)` is shown to the person."""
