"""Below /owners/."""

from django.urls import path

from companies.homeowners import views

app_name = "homeowners"
urlpatterns = [path("", views.owner_list, name="list")]
