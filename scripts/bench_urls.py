"""What `make bench` compares with: an empty page behind sign-in, and Django's admin."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from activations.models import Activation


class OpenAdmin(admin.AdminSite):
    """The portal has no staff; here whoever is signed in may look at the admin."""

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated


class ActivationAdmin(admin.ModelAdmin):
    """What our list offers: its columns, its filters with the values there are, its search over
    the same fields, 50 rows a page.
    """

    list_display = (
        *("name", "reference", "stage", "status", "city", "state"),
        *("owner_name", "installer_name", "updated_at"),
    )
    search_fields = (
        "name",
        "reference",
        "system_id",
        "owner_name",
        "street1",
        "street2",
        "city",
        "state",
        "postal_code",
    )
    list_per_page = 50
    list_filter = ("stage", "status", "country", "state", "system_type")
    ordering = ("-updated_at", "-id")

    def has_view_permission(self, request: HttpRequest, obj: Activation | None = None) -> bool:
        return True


def empty(request: HttpRequest) -> HttpResponse:
    """Session and person are read, as on every page, and nothing else."""
    return HttpResponse(str(request.user), content_type="text/plain")


site = OpenAdmin(name="admin")
site.register(Activation, ActivationAdmin)

urlpatterns = [
    path("bench/empty/", empty),
    path("bench/admin/", site.urls),
    path("", include("portal.urls")),
]
