"""Sites made directly in our table, where a sweep of the sandbox would be a detour."""

from typing import Any

from django.utils import timezone

from activations.models import Activation
from activations.search import fold
from companies.models import Company


def make_site(company: Company, number: int = 1, **columns: Any) -> Activation:
    """One site, as a sweep would have left it."""
    values: dict[str, Any] = {
        "system_id": 900_000 + number,
        "name": f"House {number}",
        "reference": f"REF-{number}",
        "stage": 2,
        "status": "System Normal",
        "updated_at": timezone.now(),
    } | columns
    values.setdefault(
        "search_text", fold(f"{values['name']} {values['reference']} {values['system_id']}")
    )
    return Activation.objects.create(company=company, **values)
