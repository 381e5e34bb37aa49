"""Addresses of the activations."""

from django.urls import path

from activations.views import list as listing
from activations.views import wizard

app_name = "activations"
urlpatterns = [
    path("", listing.activation_list, name="list"),
    path("export.csv", listing.export, name="export"),
    path("refresh/", listing.refresh, name="refresh"),
    path("new/", wizard.new, name="new"),
    path("new/<uuid:key>/", wizard.resume, name="resume"),
    path("new/<uuid:key>/check/", wizard.check, name="check"),
    path("new/<uuid:key>/look-up/", wizard.look_up, name="look-up"),
    path("new/<uuid:key>/discard/", wizard.discard, name="discard"),
    path("new/<uuid:key>/<slug:step>/", wizard.wizard, name="wizard"),
]
