"""Sites in our copy, as a sweep and a refresh would have left them."""

from activations import refresh
from activations.models import Activation
from activations.sync import adopt
from companies.models import Company
from portal.connections.services import client_for


def copy_of(company: Company, system_id: int) -> Activation:
    """The site as the sandbox tells it, read with everything a refresh reads."""
    with client_for(company.pk) as client:
        row = adopt(company, client.activations.get_activation(system_id), detail=True)
    assert refresh.refresh(row) in ("", "This system has no active gateway. Add one, then retry.")
    return Activation.objects.select_related("company").get(pk=row.pk)
