"""What people type about a site: four groups, the same in the wizard and when a site is changed.

A group form gives its input in two shapes: `kept()` is what was typed, as JSON for a draft, and
`values()` the fields of a request (activations.values). `initial_of` goes back from those.
Fields that do not apply to the site (activations.jurisdiction) are not in the form at all.
"""

from activations.forms.decisions import (
    CreateForm,
    DeleteForm,
    MovedForm,
    OwnerForm,
    ProductionForm,
    SubcontractorForm,
)
from activations.forms.equipment import EquipmentForm, split_serials
from activations.forms.grid import GridForm
from activations.forms.group import FormData, GroupForm, facts_of
from activations.forms.people import PeopleForm, new_person
from activations.forms.site import SiteForm

__all__ = [
    "CreateForm",
    "DeleteForm",
    "EquipmentForm",
    "FormData",
    "GridForm",
    "GroupForm",
    "MovedForm",
    "OwnerForm",
    "PeopleForm",
    "ProductionForm",
    "SiteForm",
    "SubcontractorForm",
    "facts_of",
    "new_person",
    "split_serials",
]
