"""Addresses of a site's meters: the CTs of a site."""

from django.urls import path

from activations.meters import views

app_name = "meters"
urlpatterns = [
    path("", views.meter_list, name="list"),
    path("<str:serial>/", views.detail, name="detail"),
    path("<str:serial>/date/", views.date, name="date"),
    path("<str:serial>/turn/<slug:state>/", views.switch, name="switch"),
]
