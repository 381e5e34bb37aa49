"""Addresses of a site's controls: battery, loads and grid status."""

from django.urls import URLPattern

app_name = "controls"
urlpatterns: list[URLPattern] = []
