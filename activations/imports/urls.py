"""Addresses of imports: many activations or home owners from a file."""

from django.urls import path

from activations.imports import views

app_name = "imports"
urlpatterns = [
    path("", views.imports, name="list"),
    path("template/<slug:kind>.<slug:file_type>", views.template, name="template"),
    path("<int:pk>/", views.detail, name="upload"),
    path("<int:pk>/columns/", views.columns, name="columns"),
    path("<int:pk>/forget/", views.forget, name="forget"),
    path("<int:pk>/errors.<slug:file_type>", views.errors, name="errors"),
]
