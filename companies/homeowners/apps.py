from django.apps import AppConfig


class HomeownersConfig(AppConfig):
    name = "companies.homeowners"
    label = "homeowners"
