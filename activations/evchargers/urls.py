"""Addresses of a site's EV chargers."""

from django.urls import path

from activations.evchargers import views

app_name = "evchargers"
urlpatterns = [
    path("", views.charger_list, name="list"),
    path("<str:serial>/", views.detail, name="detail"),
    path("<str:serial>/charging/<slug:action>/", views.control, name="control"),
    path("<str:serial>/export/<slug:what>/", views.export, name="export"),
]
