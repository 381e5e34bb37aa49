from django.apps import AppConfig


class ControlsConfig(AppConfig):
    name = "activations.controls"
    label = "controls"
