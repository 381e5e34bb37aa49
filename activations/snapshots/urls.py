"""Addresses of a site's snapshots: what Enphase last said about one thing of one site."""

from django.urls import URLPattern

app_name = "snapshots"
urlpatterns: list[URLPattern] = []
