"""Below /settings/."""

from django.urls import path

from portal.connections import views

app_name = "connections"
urlpatterns = [
    path("connection/", views.connection, name="settings"),
    path("connection/test/", views.test_connection, name="test"),
    path("connection/connect/", views.connect, name="connect"),
    path("connection/disconnect/", views.disconnect, name="disconnect"),
]
