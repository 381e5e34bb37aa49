from django.urls import path

from portal.operations import views

app_name = "operations"

urlpatterns = [
    path("", views.operation_list, name="list"),
    path("<int:pk>/", views.operation_detail, name="detail"),
    path("<int:pk>/progress/", views.operation_progress, name="progress"),
    path("<int:pk>/card/", views.operation_card, name="card"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/check-again/", views.check_again, name="check-again"),
    path("<int:pk>/send-again/", views.send_again, name="send-again"),
    path("<int:pk>/close/", views.close_unsent, name="close"),
    path("<int:pk>/override/", views.override, name="override"),
]
