"""What happens to connections, told to the apps above, which this one may not import."""

from django.dispatch import Signal

# Sent inside the transaction that changes the account, with `account`, `actor` (None for the
# portal itself), `tag` such as "account:connected", and `text` for people.
account_changed = Signal()
