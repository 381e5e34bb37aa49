from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class SnapshotsConfig(AppConfig):
    name = "activations.snapshots"
    label = "snapshots"

    def ready(self) -> None:
        """Let every part of a site declare what it reads, so that any worker can read it."""
        autodiscover_modules("reads")
