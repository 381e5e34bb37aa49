"""What was produced against what was expected, month by month and over a year."""

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from enphase.records import Estimate, ProductionLifetime

# Within so many percent nobody needs to act.
CLOSE_PERCENT = 5


@dataclass(frozen=True)
class Month:
    """One month of one year, in kWh. `expected` is of the days that are reported (`days`)."""

    number: int
    days: int
    of_days: int
    produced: float | None
    expected: float | None
    whole_expected: float | None

    @property
    def name(self) -> str:
        return calendar.month_name[self.number]

    @property
    def short(self) -> str:
        return calendar.month_abbr[self.number]

    @property
    def is_whole(self) -> bool:
        return self.days == self.of_days

    @property
    def deviation(self) -> float | None:
        """Percent above (or below) what was expected of those days."""
        if self.produced is None or not self.expected:
            return None
        return (self.produced / self.expected - 1) * 100

    @property
    def words(self) -> str:
        """ "12% above", "as estimated", and how much of the month that is."""
        if self.produced is None:
            return "Not reported"
        part = "" if self.is_whole else f", {self.days} of {self.of_days} days"
        if self.deviation is None:
            return f"No estimate{part}"
        return f"{deviation_words(self.deviation)}{part}"


@dataclass(frozen=True)
class Year:
    """Twelve months of one calendar year against the estimate, less the loss since the start."""

    year: int
    months: list[Month]
    # Years since the site's first energy in the middle of this one, whole ones.
    age: int
    loss_percent: Decimal

    @property
    def produced(self) -> float:
        return sum(month.produced or 0 for month in self.months)

    @property
    def expected(self) -> float:
        """Of the days that are reported."""
        return sum(month.expected or 0 for month in self.months if month.produced is not None)

    @property
    def days(self) -> int:
        return sum(month.days for month in self.months)

    @property
    def deviation(self) -> float | None:
        return (self.produced / self.expected - 1) * 100 if self.expected else None

    @property
    def is_whole(self) -> bool:
        return all(month.is_whole for month in self.months)

    @property
    def sentence(self) -> str:
        """The finding."""
        if not self.days:
            return f"No energy reported in {self.year}."
        amount = f"{self.produced:,.0f} kWh produced"
        span = f"in {self.year}" if self.is_whole else f"in {self.days} days of {self.year}"
        if self.deviation is None:
            return f"{amount} {span}. There is no estimate to compare it with."
        aged = ""
        if self.age and self.loss_percent:
            lost = (1 - float(remaining(self.loss_percent, self.age))) * 100
            aged = f" The estimate is lowered by {lost:.1f}% for {self.age} year" + (
                "s." if self.age > 1 else "."
            )
        words = deviation_words(self.deviation)
        than = words[0].lower() + words[1:]
        if than != "as estimated":
            than += f" the estimate of {self.expected:,.0f} kWh"
        return f"{amount} {span}, {than}.{aged}"


def deviation_words(percent: float) -> str:
    """ "4% below"; under half a percent it is as estimated."""
    if abs(percent) < 0.5:
        return "As estimated"
    return f"{abs(percent):.0f}% {'above' if percent > 0 else 'below'}"


def remaining(loss_percent: Decimal, years: int) -> Decimal:
    """What is left of the first year's production after so many years."""
    return (1 - loss_percent / 100) ** years


def years_of(lifetime: ProductionLifetime | None) -> list[int]:
    """Calendar years with reported energy, newest first."""
    if lifetime is None:
        return []
    days = lifetime.days(lifetime.production_wh)
    return sorted({day.year for day, wh in days if wh is not None}, reverse=True)


def compare(lifetime: ProductionLifetime, estimate: Estimate | None, year: int) -> Year:
    """One calendar year of `lifetime`, by the days that are reported.

    The estimate of a month is spread evenly over its days, so that a month under way is compared
    with as many days. Zeros at the end of the series are days not reported yet. The site ages on
    the day of the year on which its series starts: from then on a month's estimate is less.
    """
    days = lifetime.days(lifetime.production_wh)
    began = next((day for day, wh in days if wh), None)
    loss = (estimate.degrade_factor if estimate else None) or Decimal(0)
    by_month: dict[int, list[float]] = {}
    for day, wh in days:
        if day.year == year and wh is not None and (began is None or day >= began):
            by_month.setdefault(day.month, []).append(wh)
    months = []
    for number in range(1, 13):
        of_days = calendar.monthrange(year, number)[1]
        values = by_month.get(number, [])
        whole = None
        if estimate and estimate.month_estimates:
            aged = remaining(loss, age_in(began, date(year, number, 15)))
            whole = float(estimate.month_estimates[number - 1] * aged)
        months.append(
            Month(
                number=number,
                days=len(values),
                of_days=of_days,
                produced=sum(values) / 1000 if values else None,
                expected=whole * len(values) / of_days if whole and values else None,
                whole_expected=whole,
            )
        )
    return Year(year, months, age_in(began, date(year, 7, 1)), loss)


def age_in(began: date | None, day: date) -> int:
    """Whole years between the first energy and a day."""
    if began is None or day < began:
        return 0
    return day.year - began.year - ((day.month, day.day) < (began.month, began.day))


def reasons(year: Year, behind: Any, production: dict[str, Any]) -> list[str]:
    """Why a year came out differently, as far as it can be told; sentences.

    `behind` is the proposal that the estimate came from, None for values from elsewhere.
    `production` is the answer of get_production_mode on our copy of the site.
    """
    said: list[str] = []
    if year.deviation is None:
        return said
    if behind is not None and year.produced:
        clear = sum(
            light * month.days / month.of_days
            for light, month in zip(behind.clear_sky_kwh, year.months, strict=True)
        )
        given = behind.assumptions
        kept = given["performance_percent"] / 100 * (1 - given["shading_percent"] / 100)
        aged = float(remaining(year.loss_percent, year.age))
        assumed = year.expected / aged / (clear * kept) * 100 if clear else 0
        found = year.produced / aged / (clear * kept) * 100 if clear else 0
        said.append(
            f"Light: the estimate counts on {assumed:.0f}% of a clear sky's light reaching the "
            f"modules in these days, and a performance of {given['performance_percent']:g}%. What "
            f"was produced corresponds to {found:.0f}%: the weather was "
            f"{'brighter' if found > assumed else 'duller'} than usual here, or the system loses "
            f"{'less' if found > assumed else 'more'} than assumed."
        )
    total = production.get("total_micros")
    running = production.get("energy_producing_micros")
    if production.get("mode") == "off":
        said.append("Production is off: nothing is produced until it is turned on.")
    elif total and running is not None and 0 < running < total and year.deviation < 0:
        said.append(
            f"Modules: at the last look {running} of {total} microinverters produced, which alone "
            f"explains up to {(1 - running / total) * 100:.0f}%."
        )
    if not year.is_whole:
        said.append(
            f"Span: only {year.days} days are reported; the estimate of a month is spread evenly "
            "over its days, which is rough where the days get longer or shorter."
        )
    return said
