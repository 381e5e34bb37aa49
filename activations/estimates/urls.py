"""Addresses of a site's estimates: what a site is expected to produce."""

from django.urls import URLPattern

app_name = "estimates"
urlpatterns: list[URLPattern] = []
