from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "activations.imports"
    label = "imports"
