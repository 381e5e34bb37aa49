"""Addresses of a site's copies: what Enphase last said about one thing of one site."""

from django.urls import path

from activations.snapshots import views

app_name = "snapshots"
urlpatterns = [
    path("refresh/", views.refresh, name="refresh"),
    path("line/", views.line, name="line"),
    path("versions/<int:version>/keep/", views.keep, name="keep"),
    path("versions/<int:version>/restore/", views.restore, name="restore"),
    path("<slug:kind>/", views.history, name="history"),
    path("<slug:kind>/<str:key>/", views.history, name="history-of"),
]
