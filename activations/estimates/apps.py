from django.apps import AppConfig


class EstimatesConfig(AppConfig):
    name = "activations.estimates"
    label = "estimates"
