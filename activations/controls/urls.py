"""Addresses of a site's controls: battery and loads."""

from django.urls import path

from activations.controls import views

app_name = "controls"
urlpatterns = [
    path("", views.battery, name="battery"),
    path("loads/", views.loads, name="loads"),
    path("loads/<str:name>/", views.load, name="load"),
]
