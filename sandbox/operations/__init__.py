"""The operations, one module a group. Importing a module registers its handlers."""

from sandbox.operations import (
    activations,
    arrays,
    battery,
    catalog,
    companies,
    devices,
    estimates,
    lifetimes,
    meters,
    production,
    readings,
    systems,
    tariffs,
    telemetry,
    users,
)

__all__ = [
    "activations",
    "arrays",
    "battery",
    "catalog",
    "companies",
    "devices",
    "estimates",
    "lifetimes",
    "meters",
    "production",
    "readings",
    "systems",
    "tariffs",
    "telemetry",
    "users",
]
