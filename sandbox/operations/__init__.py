"""The operations, one module a group. Importing a module registers its handlers."""

from sandbox.operations import (
    activations,
    arrays,
    catalog,
    companies,
    devices,
    estimates,
    meters,
    production,
    systems,
    tariffs,
    users,
)

__all__ = [
    "activations",
    "arrays",
    "catalog",
    "companies",
    "devices",
    "estimates",
    "meters",
    "production",
    "systems",
    "tariffs",
    "users",
]
