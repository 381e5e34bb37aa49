"""Addresses of a site's tariff: what a kWh costs by hour, day and season."""

from django.urls import path

from activations.tariffs import views

app_name = "tariffs"
urlpatterns = [
    path("", views.tariff, name="tariff"),
    path("panel/", views.panel, name="panel"),
    path("review/", views.review, name="review"),
    path("discard/", views.discard, name="discard"),
    path("reopen/", views.reopen, name="reopen"),
    path("reset/", views.keep_reset, name="keep-reset"),
    path("use/", views.use_template, name="use-template"),
    path("copy/", views.copy_from, name="copy"),
    path("save/", views.save_template, name="save-template"),
]
