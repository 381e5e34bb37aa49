"""Read the list of activations from Enphase, now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from activations import sync
from activations.models import Sweep
from companies.models import Company


class Command(BaseCommand):
    help = "Sweep the activations of one company, or of every connected one (1 hit per 1,000)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--company", type=int, help="Primary key of one company.")
        parser.add_argument(
            "--hot", action="store_true", help="Only the sites in progress (stages 1 to 4)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        companies = Company.objects.tenants().filter(account__state="healthy")
        if options["company"] is not None:
            companies = Company.objects.tenants().filter(pk=options["company"])
            if not companies:
                raise CommandError(f"There is no company {options['company']}.")
        kind = Sweep.Kind.HOT if options["hot"] else Sweep.Kind.FULL
        problems = 0
        for company in companies:
            run = sync.sweep(company, kind=kind)
            if run is None:
                self.stdout.write(f"{company}: another process is sweeping it.")
            elif run.problem:
                problems += 1
                self.stderr.write(f"{company}: {run.problem}")
            else:
                self.stdout.write(
                    f"{company}: {run.rows} sites on {run.pages} pages, {run.written} written."
                )
        if problems:
            raise CommandError("Not every company could be read; nothing was removed.")
