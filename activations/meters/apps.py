from django.apps import AppConfig


class MetersConfig(AppConfig):
    name = "activations.meters"
    label = "meters"
