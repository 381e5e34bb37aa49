"""Every address of the portal; each app keeps its own list."""

from django.urls import include, path

from portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("activations/", include("activations.urls")),
    path("activations/<int:pk>/copies/", include("activations.snapshots.urls")),
    path("activations/<int:pk>/arrays/", include("activations.arrays.urls")),
    path("activations/<int:pk>/battery/", include("activations.controls.urls")),
    path("activations/<int:pk>/devices/", include("activations.devices.urls")),
    path("activations/<int:pk>/estimate/", include("activations.estimates.urls")),
    path("activations/<int:pk>/ev/", include("activations.evchargers.urls")),
    path("activations/<int:pk>/meters/", include("activations.meters.urls")),
    path("activations/<int:pk>/tariff/", include("activations.tariffs.urls")),
    path("operations/", include("portal.operations.urls")),
    path("companies/", include("companies.urls")),
    path("owners/", include("companies.homeowners.urls")),
    path("staff/", include("companies.staff.urls")),
    path("imports/", include("activations.imports.urls")),
    path("reference/", include("activations.catalog.urls")),
    path("reference/tariffs/", include("activations.tariffs.reference_urls")),
    path("settings/", include("portal.connections.urls")),
    path("usage/", include("portal.usage.urls")),
    path("", include("portal.ui.urls")),
]

handler400 = "portal.views.bad_request"
handler403 = "portal.views.forbidden"
handler404 = "portal.views.not_found"
handler500 = "portal.views.server_error"
