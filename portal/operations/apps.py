from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"

    def ready(self) -> None:
        """Let every app declare its writes, so that any worker can run any operation."""
        autodiscover_modules("writes")
