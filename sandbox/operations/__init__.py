"""The operations served so far, one module a group. Importing a module registers its handlers."""

from sandbox.operations import activations, catalog, companies, production, systems, users

__all__ = ["activations", "catalog", "companies", "production", "systems", "users"]
