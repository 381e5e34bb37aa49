from django.urls import path

from portal.ui import views

app_name = "ui"
urlpatterns = [
    path("menu/", views.menu, name="menu"),
    path("help/statuses/", views.statuses, name="statuses"),
    path("settings/appearance/", views.appearance, name="appearance"),
    path("settings/shortcuts/", views.shortcuts, name="shortcuts"),
]
