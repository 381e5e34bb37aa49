from django.apps import AppConfig


class CompaniesConfig(AppConfig):
    name = "companies"
    label = "companies"

    def ready(self) -> None:
        """Listen to the apps below, which know nothing of the audit trail."""
        from companies import trail  # noqa: F401
