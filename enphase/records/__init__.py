"""Enphase's answers as frozen records; `base` says how tolerant they are."""

from enphase.records.activations import (
    BATTERY_GRID_MODES,
    GRID_CONNECTION_TYPES,
    Activation,
    ActivationPage,
    Address,
    AuthorizedSubcontractor,
    BatteryMode,
    Encharge,
    Enpower,
    GridConnection,
    ProductionMode,
)
from enphase.records.arrays import Array, InventoryItem, Layer, Layout, Module
from enphase.records.base import Record
from enphase.records.catalog import GridProfile, PvManufacturer, PvModel, PvModels
from enphase.records.estimates import Estimate
from enphase.records.meters import Meter
from enphase.records.people import (
    Company,
    CompanyBranches,
    CompanyUser,
    SubcontractorCompany,
    Subcontractors,
    User,
    UserMatch,
)
from enphase.records.systems import System, SystemPage
from enphase.records.tariffs import (
    DayGroup,
    Period,
    Season,
    SingleRate,
    StorageSettings,
    SystemTariff,
    Tariff,
    TariffTask,
)

__all__ = [
    "BATTERY_GRID_MODES",
    "GRID_CONNECTION_TYPES",
    "Activation",
    "ActivationPage",
    "Address",
    "Array",
    "AuthorizedSubcontractor",
    "BatteryMode",
    "Company",
    "CompanyBranches",
    "CompanyUser",
    "DayGroup",
    "Encharge",
    "Enpower",
    "Estimate",
    "GridConnection",
    "GridProfile",
    "InventoryItem",
    "Layer",
    "Layout",
    "Meter",
    "Module",
    "Period",
    "ProductionMode",
    "PvManufacturer",
    "PvModel",
    "PvModels",
    "Record",
    "Season",
    "SingleRate",
    "StorageSettings",
    "SubcontractorCompany",
    "Subcontractors",
    "System",
    "SystemPage",
    "SystemTariff",
    "Tariff",
    "TariffTask",
    "User",
    "UserMatch",
]
