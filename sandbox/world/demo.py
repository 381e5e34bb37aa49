"""The generated world: any number of systems at all stages, with the troubles of real sites.

Seeded: the same number of systems gives the same world, apart from its dates, which follow the
sandbox's clock.
"""

from __future__ import annotations

import gc
import itertools
import json
import random
import sqlite3
from collections.abc import Iterator
from typing import Any

from sandbox.world import catalog
from sandbox.world.cast import COMPANIES, FIRST_HOME_OWNER
from sandbox.world.places import PLACES, STREETS, Place
from sandbox.world.sites import Site, first_micro_serial, insert, new_site

FIRST_SYSTEM = 3_100_001
_DAY = 86_400
_NEM3_START = 1_681_516_800  # 2023-04-15

_FIRST_NAMES = {
    "US": (
        "Ada", "Malik", "Priya", "Jonah", "Rosa", "Ming", "Harriet", "Luis", "Grace", "Owen",
        "Nadia", "Theo", "Camila", "Samuel", "Yuki", "Walter", "Imani", "Elena", "Marcus", "June",
        "Tomas", "Beatrice", "Rafael", "Sunita", "Caleb", "Noor", "Dolores", "Felix",
    ),
    "NL": (
        "Sanne", "Bram", "Fleur", "Daan", "Lotte", "Jeroen", "Mirthe", "Ruben", "Anouk", "Koen",
        "Femke", "Thijs", "Yara", "Willem", "Ilse", "Sander",
    ),
    "AU": (
        "Kirra", "Lachlan", "Matilda", "Jarrah", "Bronte", "Angus", "Tahlia", "Hamish", "Isla",
        "Declan", "Marlee", "Callum", "Freya", "Rohan",
    ),
}  # fmt: skip
_LAST_NAMES = {
    "US": (
        "Okafor", "Delgado", "Whitaker", "Nakamura", "Brennan", "Patel", "Sorensen", "Villanueva",
        "Abernathy", "Castaneda", "Lindholm", "Mbeki", "Rosenthal", "Tran", "Hollis", "Quintero",
        "Ferrante", "Gustafson", "Haddad", "Ito", "Jamison", "Kowalczyk", "Lovelace", "Montoya",
        "Nwosu", "Oyelaran", "Pruitt", "Ramaswamy", "Stavros", "Underhill",
    ),
    "NL": (
        "Hoekstra", "Van Dalen", "Postma", "Kuiper", "De Graaf", "Veenstra", "Bosman", "Terpstra",
        "Schuurman", "Van Essen", "Wiersma", "Zijlstra", "Meerman", "Dijkgraaf",
    ),
    "AU": (
        "Marchetti", "Thornbury", "Nguyen", "Callaghan", "Fairley", "Ballard", "Kingsford",
        "Petrou", "Ormond", "Stirling", "Wexford", "Halloran", "Macleay", "Yarra",
    ),
}  # fmt: skip

# Installer companies, their region and their share of the fleet. An in-progress fleet of the
# whole world has to stay below one page of 1,000 for the largest of them.
_INSTALLERS = (
    (9, "CA", 16), (81, "CA", 14), (82, "CA", 15), (20, "TX", 14), (21, "TX", 9),
    (30, "NL", 10), (31, "NL", 6), (40, "AU", 10), (41, "AU", 6),
)  # fmt: skip

_TROUBLES = (
    "gateway_silent", "micro_silent", "count_differs", "pto_future", "no_owner", "gateway_retired",
    "shared_serial", "profile_stragglers", "no_grid_connection_type", "meter", "meter_issue",
    "power", "encharge", "enpower", "storage_idle", "encharge_issue", "battery", "enpower_issue",
    "unknown", "no_data", "data_upload", "nsr", "iq_collar",
)  # fmt: skip

# What can be wrong before any gateway has reported.
_EARLY_TROUBLES = ("no_grid_connection_type", "pto_future", "shared_serial")


def build(db: sqlite3.Connection, count: int, now: float) -> None:
    """Fill the empty tables with `count` systems and their home owners."""
    people: list[tuple[Any, ...]] = []
    sites = _Maker(count, now, people).sites()
    # A batch at a time, so that a million fit into memory. Nothing made here is cyclic garbage,
    # and looking for it would take a fifth of the time.
    gc.disable()
    try:
        _insert(db, sites, people)
    finally:
        gc.enable()


def _insert(db: sqlite3.Connection, sites: Iterator[Site], people: list[tuple[Any, ...]]) -> None:
    while batch := list(itertools.islice(sites, 5000)):
        insert(db, batch)
        db.executemany(
            "INSERT INTO users (user_id, email, first_name, last_name, phone, enlighten_emails,"
            " created_by, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            people,
        )
        people.clear()


class _Maker:
    def __init__(self, count: int, now: float, people: list[tuple[Any, ...]]) -> None:
        self._count = count
        self._now = int(now)
        self._people = people
        self._random = random.Random(20_240_601)
        # A small demo is mostly work under way; a large fleet is mostly finished.
        self._open_share = 0.52 if count <= 500 else max(0.015, 260 / count)
        self._previous_envoy = ""
        self._troubles = itertools.cycle(_TROUBLES)
        self._early_troubles = itertools.cycle(_EARLY_TROUBLES)
        self._companies = [company for company, _, _ in _INSTALLERS]
        self._weights = list(itertools.accumulate(share for _, _, share in _INSTALLERS))
        self._regions = {company: region for company, region, _ in _INSTALLERS}

    def sites(self) -> Iterator[Site]:
        for number in range(self._count):
            yield self._site(number)

    def _site(self, number: int) -> Site:
        dice = self._random
        installer = dice.choices(self._companies, cum_weights=self._weights)[0]
        place = dice.choice(PLACES[self._regions[installer]])
        is_open = dice.random() < self._open_share
        stage = dice.choices((1, 2, 3, 4), (22, 26, 30, 22))[0] if is_open else 5
        trouble = self._trouble(stage)
        site = new_site(FIRST_SYSTEM + number, self._now - self._age(stage))
        row = site.row

        self._address(row, place)
        has_owner = trouble != "no_owner" and not (stage == 1 and dice.random() < 0.5)
        family = self._owner(number, place.country, row, has_owner)
        commercial = dice.random() < 0.06
        row["system_name"] = f"{family} residence" if not commercial else f"{family} Workshop"
        row["system_type"] = "commercial" if commercial else "residential"
        row["stage"] = stage
        row["installer_id"] = installer
        row["maintainer_id"] = installer
        row["internet_connection"] = "broadband" if dice.random() < 0.75 else "cellular"
        row["lease"] = int(dice.random() < 0.08)
        if row["lease"] and row["owner_id"]:
            row["host_id"] = row["owner_id"]
        row["updated_at"] = int(row["created_at"]) + dice.randrange(_DAY, 9 * _DAY)
        row["updated_at"] = min(row["updated_at"], self._now - 60)

        root = COMPANIES[installer].root_id
        # Some projects were never given a number of their own.
        if dice.random() < 0.9:
            site.references[root] = f"{COMPANIES[root].name[:3].upper()}{240000 + number}"
        if root == 9 and dice.random() < 0.08:
            approved = dice.random() < 0.6
            site.subcontracts[50] = None if approved else "Pending for system owner approval"
            if approved:
                site.references[50] = f"RE{5000 + number}"

        self._equipment(site, place, trouble)
        self._grid(site, place, stage, trouble)
        return site

    def _trouble(self, stage: int) -> str:
        """Every trouble turns up in a demo of 250; a large fleet is mostly well."""
        ill = self._random.random() < {1: 0.0, 2: 0.4, 3: 0.6, 4: 0.6, 5: 0.1}[stage]
        if not ill:
            return ""
        return next(self._early_troubles if stage == 2 else self._troubles)

    def _age(self, stage: int) -> int:
        """Seconds since the site was created."""
        days = {1: (0, 12), 2: (2, 25), 3: (5, 45), 4: (10, 60), 5: (40, 1400)}[stage]
        return self._random.randrange(days[0] * _DAY + 3600, days[1] * _DAY)

    def _address(self, row: dict[str, Any], place: Place) -> None:
        dice = self._random
        street = dice.choice(STREETS[place.country])
        house = dice.randrange(2, 990)
        named_first = place.country == "NL"
        postal = "".join(
            str(dice.randrange(10)) if mark == "#" else dice.choice("ABDEGHJKLPRSTVWXZ")
            if mark == "@" else mark
            for mark in place.postal
        )  # fmt: skip
        row |= {
            "street1": f"{street} {house}" if named_first else f"{house} {street}",
            "street2": f"Unit {dice.randrange(1, 30)}" if dice.random() < 0.07 else None,
            "city": place.city,
            "state": place.state,
            "country": place.country,
            "postal_code": postal,
            "latitude": round(place.latitude + dice.uniform(-0.05, 0.05), 6),
            "longitude": round(place.longitude + dice.uniform(-0.05, 0.05), 6),
            "timezone": place.timezone,
        }

    def _owner(self, number: int, country: str, row: dict[str, Any], has_owner: bool) -> str:
        dice = self._random
        first, last = dice.choice(_FIRST_NAMES[country]), dice.choice(_LAST_NAMES[country])
        if has_owner:
            user_id = FIRST_HOME_OWNER + 100 + number
            email = f"{first}.{last}.{number}@{'post' if country == 'NL' else 'mail'}.example"
            phone = {"US": "+1 555 01", "NL": "+31 6 5550 0", "AU": "+61 491 570 "}[country]
            self._people.append(
                (
                    user_id,
                    email.lower().replace(" ", ""),
                    first,
                    last,
                    f"{phone}{number % 900 + 100}",
                    int(dice.random() < 0.5),
                    None,
                    row["updated_at"],
                )
            )
            row["owner_id"] = user_id
        return last

    def _equipment(self, site: Site, place: Place, trouble: str) -> None:
        dice, row, details = self._random, site.row, site.details
        stage, system_id = row["stage"], row["system_id"]
        micros = dice.randrange(8, 41) if row["system_type"] == "residential" else 96
        details["expected_pcu_count"] = micros
        details["expected_envoy_count"] = 1
        details["expected_meter_count"] = 2 if dice.random() < 0.7 else 0
        details["attachment_type"] = dice.choice(("rack_mount", "railless_mount", "frame_mount"))
        maker = dice.choice(list(catalog.manufacturers()))
        model_id, model = dice.choice(list(catalog.models()[maker].items()))
        details |= {
            "pv_manufacturer": maker,
            "pv_manufacturer_name": catalog.manufacturers()[maker],
            "pv_model": model_id,
            "pv_model_name": model,
            "pv_module_power_rating": int(model.rsplit(" ", 1)[1].rstrip("W")),
            "pv_module_type": dice.choice((1, 1, 2, 3)),
        }
        serial = str(202_300_000_000 + system_id)
        storage_trouble = trouble.startswith(("encharge", "enpower", "storage", "battery"))
        if dice.random() < 0.3 or storage_trouble:
            batteries = dice.randrange(1, 4)
            details["expected_encharge_count"] = batteries
            details["expected_enpower_count"] = 1
            details["ensemble_envoy"] = serial
            details["encharge"] = [
                {
                    "envoy_serial_number": serial,
                    "encharge_serial_numbers": [
                        str(122_000_000_000 + system_id * 10 + index) for index in range(batteries)
                    ],
                }
            ]
            details["enpower"] = [
                {
                    "envoy_serial_number": serial,
                    "enpower_serial_numbers": [str(482_500_000_000 + system_id)],
                }
            ]
        details["grid_profile"] = catalog.profile_for(
            place.country, place.state, bool(details["encharge"])
        )
        if stage == 1 and dice.random() < 0.6:
            return  # no gateway entered yet

        site.envoys.append((serial, trouble != "gateway_retired"))
        if trouble == "shared_serial" and self._previous_envoy:
            site.envoys.append((self._previous_envoy, True))
        self._previous_envoy = serial
        if stage >= 3:
            self._reports(site, micros, trouble)

    def _reports(self, site: Site, micros: int, trouble: str) -> None:
        """What the gateway has told Enphase so far."""
        dice, row = self._random, site.row
        detected = micros - dice.randrange(1, 4) if trouble == "count_differs" else micros
        odd: dict[str, Any] = {}
        if trouble == "micro_silent":
            odd["silent"] = sorted(dice.sample(range(detected), min(4, detected)))
        if trouble == "profile_stragglers":
            odd["profile"] = {"": sorted(dice.sample(range(detected), min(3, detected)))}
        row |= {
            "gateway": "reporting",
            "last_report_at": self._now - dice.randrange(60, 900),
            "micros_total": detected,
            "first_micro_serial": first_micro_serial(row["system_id"]),
            "micros_odd": json.dumps(odd) if odd else None,
            "status": "normal",
        }
        if trouble == "gateway_silent":
            row |= {
                "gateway": "silent",
                "status": "comm",
                "last_report_at": self._now - dice.randrange(2, 15) * _DAY,
            }
        elif trouble == "gateway_retired":
            row |= {"gateway": "retired", "status": "comm"}
        elif trouble in ("micro_silent", "count_differs"):
            row["status"] = "micro"
        elif trouble not in (
            "", "pto_future", "no_owner", "shared_serial", "profile_stragglers",
            "no_grid_connection_type",
        ):  # fmt: skip
            row["status"] = trouble
        on = row["stage"] >= 4 or dice.random() < 0.35
        row["production_mode"] = "on" if on else "off"
        row["producing"] = detected - len(odd.get("silent", ())) if on else 0

    def _grid(self, site: Site, place: Place, stage: int, trouble: str) -> None:
        dice, row, details = self._random, site.row, site.details
        approved = stage >= 4
        row["operational"] = int(approved)
        row["permission_to_operate"] = int(approved)
        applied = int(row["created_at"]) - dice.randrange(5, 40) * _DAY
        if approved:
            row["interconnection_application_date"] = max(applied, _NEM3_START + _DAY)
            details["interconnect_date"] = min(
                int(row["created_at"]) + dice.randrange(3, 20) * _DAY, self._now - _DAY
            )
        if trouble == "pto_future":
            row |= {"operational": 0, "permission_to_operate": 0}
            details["interconnect_date"] = self._now + dice.randrange(5, 40) * _DAY
        details["allow_public_access"] = dice.random() < 0.4
        if row["system_type"] == "commercial" and place.country == "US":
            details["voltage"] = "208V 3-Phase"
        if place.state == "CA" and trouble != "no_grid_connection_type":
            kind = 1 if dice.random() < 0.7 else 2
            row["grid_connection_type"] = kind
            if kind == 1 and details["expected_encharge_count"]:
                row["battery_grid_mode"] = dice.choice((1, 2, 2))
            foreign = not details["expected_encharge_count"] and dice.random() < 0.12
            row["third_party_storage_device_installed"] = int(foreign)
            if foreign:
                row["third_party_storage_device_manufacturer"] = dice.choice(
                    ("Tesla", "LG Chem", "Franklin")
                )
