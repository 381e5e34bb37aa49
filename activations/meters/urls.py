"""Addresses of a site's meters: the CTs of a site."""

from django.urls import URLPattern

app_name = "meters"
urlpatterns: list[URLPattern] = []
