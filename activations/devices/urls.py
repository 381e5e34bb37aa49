"""Addresses of a site's devices: what is expected, scanned, placed, detected and silent."""

from django.urls import path

from activations.devices import views

app_name = "devices"
urlpatterns = [
    path("", views.device_list, name="list"),
    path("export/", views.export, name="export"),
    path("panel/", views.panel, name="panel"),
    path("<str:serial>/", views.device_detail, name="detail"),
]
