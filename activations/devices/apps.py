from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "activations.devices"
    label = "devices"
