"""Addresses of a site's devices: what is expected, scanned, placed, detected and silent."""

from django.urls import URLPattern

app_name = "devices"
urlpatterns: list[URLPattern] = []
