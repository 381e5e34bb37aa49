from django.apps import AppConfig


class EvChargersConfig(AppConfig):
    name = "activations.evchargers"
    label = "evchargers"
