"""Addresses of a company's tariff templates, below /reference/tariffs/."""

from django.urls import path

from activations.tariffs import template_views

app_name = "tariff-templates"
urlpatterns = [
    path("", template_views.template_list, name="list"),
    path("<int:template>/", template_views.change, name="change"),
    path("<int:template>/delete/", template_views.delete, name="delete"),
]
