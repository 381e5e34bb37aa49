"""Every address of the portal; each app keeps its own list."""

from django.urls import include, path

from portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("activations/", include("activations.urls")),
    path("operations/", include("portal.operations.urls")),
    path("companies/", include("companies.urls")),
    path("owners/", include("companies.homeowners.urls")),
    path("reference/", include("activations.catalog.urls")),
    path("settings/", include("portal.connections.urls")),
    path("usage/", include("portal.usage.urls")),
    path("", include("portal.ui.urls")),
]

handler400 = "portal.views.bad_request"
handler403 = "portal.views.forbidden"
handler404 = "portal.views.not_found"
handler500 = "portal.views.server_error"
