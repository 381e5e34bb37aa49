from django.apps import AppConfig


class ActivationsConfig(AppConfig):
    name = "activations"
    label = "activations"

    def ready(self) -> None:
        """Tell the app of the home owners below where the sites of a person are found."""
        from activations.owners import Sites
        from companies.homeowners.places import provide

        provide(Sites())
