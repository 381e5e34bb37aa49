from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CompaniesConfig(AppConfig):
    name = "companies"
    label = "companies"

    def ready(self) -> None:
        """Listen to the apps below, which know nothing of the audit trail.

        And let every app say what people who leave still hold in it.
        """
        from companies import trail  # noqa: F401

        autodiscover_modules("leaving")
