from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "companies.staff"
    label = "staff"
