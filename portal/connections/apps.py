from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "portal.connections"
    label = "connections"

    def ready(self) -> None:
        """Let `manage.py check` look at the address of Enphase."""
        from portal.connections import checks  # noqa: F401
