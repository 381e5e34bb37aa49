"""Addresses of a site's tariffs: what a kWh costs by hour, day and season."""

from django.urls import URLPattern

app_name = "tariffs"
urlpatterns: list[URLPattern] = []
