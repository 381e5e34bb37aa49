from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "activations.catalog"
    label = "catalog"
