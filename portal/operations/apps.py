from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"

    def ready(self) -> None:
        """Let every app declare its writes and bulk actions: any worker runs any operation."""
        autodiscover_modules("writes")
        autodiscover_modules("bulk")
