from django.apps import AppConfig


class ArraysConfig(AppConfig):
    name = "activations.arrays"
    label = "arrays"
