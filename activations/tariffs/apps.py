from django.apps import AppConfig


class TariffsConfig(AppConfig):
    name = "activations.tariffs"
    label = "tariffs"
