from django.urls import path

from portal.operations import views
from portal.operations.runs import views as runs

app_name = "operations"

urlpatterns = [
    path("", views.operation_list, name="list"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/<int:pk>/", runs.run_detail, name="run"),
    path("runs/<int:pk>/progress/", runs.run_progress, name="run-progress"),
    path("runs/<int:pk>/start/", runs.start, name="run-start"),
    path("runs/<int:pk>/approve/", runs.approve, name="run-approve"),
    path("runs/<int:pk>/control/", runs.control, name="run-control"),
    path("runs/<int:pk>/undo/", runs.undo, name="run-undo"),
    path("<int:pk>/", views.operation_detail, name="detail"),
    path("<int:pk>/progress/", views.operation_progress, name="progress"),
    path("<int:pk>/card/", views.operation_card, name="card"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/check-again/", views.check_again, name="check-again"),
    path("<int:pk>/send-again/", views.send_again, name="send-again"),
    path("<int:pk>/close/", views.close_unsent, name="close"),
    path("<int:pk>/override/", views.override, name="override"),
]
