"""Addresses of a site's arrays: where each microinverter lies on the roof."""

from django.urls import URLPattern

app_name = "arrays"
urlpatterns: list[URLPattern] = []
