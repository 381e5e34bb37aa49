"""Sites in our copy, as a sweep and a refresh would have left them."""

from activations.models import Activation
from activations.reads import things_of
from activations.snapshots import services as snapshots
from activations.sync import adopt
from companies.models import Company
from portal.connections.services import client_for


def copy_of(company: Company, system_id: int) -> Activation:
    """The site as the sandbox tells it, read with everything a refresh reads."""
    with client_for(company.pk) as client:
        row = adopt(company, client.activations.get_activation(system_id), detail=True)
    assert snapshots.read_all(row, things_of(row)) == ""
    return Activation.objects.select_related("company").get(pk=row.pk)
