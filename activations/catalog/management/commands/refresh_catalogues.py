"""Copy the catalogues from Enphase, now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from activations.catalog import sync
from activations.catalog.models import GridProfile, PvManufacturer
from companies.models import Company


class Command(BaseCommand):
    help = "Copy grid profiles and PV makers of one company, or of every connected one (2 hits)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--company", type=int, help="Primary key of one company.")

    def handle(self, *args: Any, **options: Any) -> None:
        companies = list(sync.companies_to_refresh())
        if options["company"] is not None:
            companies = list(Company.objects.tenants().filter(pk=options["company"]))
            if not companies:
                raise CommandError(f"There is no company {options['company']}.")
        problems = 0
        for company in companies:
            for problem in sync.refresh(company, only_due=False):
                problems += 1
                self.stderr.write(f"{company}: {problem}")
            profiles = GridProfile.objects.filter(company=company).count()
            self.stdout.write(f"{company}: {profiles} grid profiles.")
        self.stdout.write(f"{PvManufacturer.objects.count()} PV makers.")
        if problems:
            raise CommandError("Not every catalogue could be read; the copies stay.")
