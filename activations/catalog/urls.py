"""Addresses of the catalogues."""

from django.urls import path

from activations.catalog import views

app_name = "catalog"
urlpatterns = [
    path("grid-profiles/", views.grid_profiles, name="grid-profiles"),
    path("pv-modules/", views.pv_modules, name="pv-modules"),
    path("pv-modules/<int:enphase_id>/", views.pv_models, name="pv-models"),
]
