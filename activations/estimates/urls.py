"""Addresses of a site's estimates: what a site is expected to produce."""

from django.urls import path

from activations.estimates import views

app_name = "estimates"
urlpatterns = [
    path("", views.estimate, name="estimate"),
    path("check/", views.check, name="check"),
    path("from-arrays/", views.arrays, name="arrays"),
    path("from-arrays/<int:number>/", views.proposal, name="proposal"),
]
