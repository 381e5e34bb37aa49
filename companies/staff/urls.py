"""Addresses of the staff: who works here, and who is invited to."""

from django.urls import path

from companies.staff import views

app_name = "staff"
urlpatterns = [
    path("", views.staff_list, name="list"),
    path("refresh/", views.refresh, name="refresh"),
    path("new/", views.new, name="new"),
    path("roles/", views.roles, name="roles"),
    path("members/<int:pk>/", views.member, name="member"),
    path("members/<int:pk>/goodbye/", views.goodbye, name="goodbye"),
    path("colleagues/<int:pk>/", views.colleague, name="colleague"),
    path("invitations/<int:pk>/again/", views.send_again, name="send-again"),
    path("invitations/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("join/<str:secret>/", views.join, name="join"),
]
