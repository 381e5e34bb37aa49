"""Below /owners/."""

from django.urls import path

from companies.homeowners import views

app_name = "homeowners"
urlpatterns = [
    path("", views.owner_list, name="list"),
    path("new/", views.new, name="new"),
    path("new/<int:pk>/", views.creating, name="creating"),
    path("<int:pk>/", views.owner_detail, name="detail"),
    path("<int:pk>/refresh/", views.refresh, name="refresh"),
    path("<int:pk>/freshness/", views.freshness, name="freshness"),
    path("<int:pk>/edit/", views.edit, name="edit"),
]
