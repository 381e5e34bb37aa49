"""Which device is detected where, so that one that is on two sites is found."""

from django.db import models

from portal.users.models import ForUser


class DetectedSerial(models.Model):
    """A device that Enphase listed on a site, by our newest copy. Follows the copy `devices`."""

    activation = models.ForeignKey(
        "activations.Activation", on_delete=models.CASCADE, related_name="+"
    )
    kind = models.CharField(max_length=40)
    serial = models.CharField(max_length=80, db_index=True)

    class DetectedSerialQuerySet(ForUser["DetectedSerial"]):
        company_path = "activation__company_id"
        branch_path = "activation__branch_id"

    objects = DetectedSerialQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("activation", "serial", name="detected_once_a_site")]

    def __str__(self) -> str:
        return f"{self.serial} on site {self.activation_id}"
