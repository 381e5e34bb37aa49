"""Addresses of the activations."""

from django.urls import path

from activations.views import (
    branches,
    bulk,
    delete,
    detail,
    edit,
    history,
    lost,
    moving,
    people,
    person,
    production,
    wizard,
)
from activations.views import list as listing

app_name = "activations"
urlpatterns = [
    path("", listing.activation_list, name="list"),
    path("export.csv", listing.export, name="export"),
    path("refresh/", listing.refresh, name="refresh"),
    path("lost/", lost.lost, name="lost"),
    path("lost/<int:pk>/", lost.ask_again, name="ask-again"),
    path("bulk/", bulk.choose, name="bulk"),
    path("bulk/<slug:kind>/", bulk.change, name="bulk-action"),
    path("new/", wizard.new, name="new"),
    path("new/<uuid:key>/", wizard.resume, name="resume"),
    path("new/<uuid:key>/check/", wizard.check, name="check"),
    path("new/<uuid:key>/look-up/", wizard.look_up, name="look-up"),
    path("new/<uuid:key>/discard/", wizard.discard, name="discard"),
    path("new/<uuid:key>/<slug:step>/", wizard.wizard, name="wizard"),
    path("branches/", branches.branch_figures, name="branch-figures"),
    path("<int:pk>/", detail.activation_detail, name="detail"),
    path("<int:pk>/site/", edit.site_group, {"group": "site"}, name="site"),
    path("<int:pk>/equipment/", edit.site_group, {"group": "equipment"}, name="equipment"),
    path("<int:pk>/grid/", edit.site_group, {"group": "grid"}, name="grid"),
    path("<int:pk>/people/", people.people, name="people"),
    path("<int:pk>/people/move-out/", moving.move_out, name="move-out"),
    path("<int:pk>/people/invitation/<int:operation>/", people.invitation, name="invitation"),
    path("<int:pk>/people/member/<int:membership>/", people.member, name="member"),
    path("<int:pk>/people/<int:owner>/", person.person, name="person"),
    path("<int:pk>/people/<int:owner>/revoke/", people.revoke, name="revoke"),
    path("<int:pk>/production/", production.production, name="production"),
    path("<int:pk>/production/panel/", production.production_panel, name="production-panel"),
    path("<int:pk>/production/<slug:mode>/", production.switch, name="switch"),
    path("<int:pk>/history/", history.history, name="history"),
    path("<int:pk>/delete/", delete.delete, name="delete"),
]
