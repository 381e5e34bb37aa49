"""The client's methods, one module a group."""
