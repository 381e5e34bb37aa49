"""Addresses of a site's arrays: where each microinverter lies on the roof."""

from django.urls import path

from activations.arrays import views

app_name = "arrays"
urlpatterns = [
    path("", views.plan, name="plan"),
    path("act/", views.act, name="act"),
    path("review/", views.review, name="review"),
    path("scan/", views.scan, name="scan"),
    path("import/", views.import_map, name="import"),
    path("export.csv", views.export_map, name="export"),
    path("<slug:ref>/", views.array, name="array"),
    path("<slug:ref>/delete/", views.delete, name="array-delete"),
]
