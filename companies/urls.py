"""Below /companies/."""

from django.urls import path

from companies import views

app_name = "companies"
urlpatterns = [
    path("", views.company_list, name="list"),
    path("connect/", views.connect, name="connect"),
    path("refresh/", views.refresh, name="refresh"),
    path("subcontractors/", views.subcontractors, name="subcontractors"),
    path("switch/", views.switch, name="switch"),
]
