"""What people type about a site: four groups, the same in the wizard and when a site is changed.

A group form gives its input in two shapes: `kept()` is what was typed, as JSON for a draft, and
`values()` the fields of a request (activations.values). `initial_of` goes back from those.
Fields that do not apply to the site (activations.jurisdiction) are not in the form at all.
"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils import timezone
from django_countries import countries

from activations import jurisdiction, places, references, values
from activations.jurisdiction import Facts
from companies.models import Company
from portal.ui.forms import Affixed, ChoiceCards

SERIAL_DIGITS = 12
MAX_SERIALS = 50
YES_NO = [("", "Choose one"), ("yes", "Yes"), ("no", "No")]

FormData = dict[str, Any]


def offer(form: forms.Form, name: str, choices: list[Any]) -> None:
    """Give a field of the form its choices."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField), name
    field.choices = choices


def yes_no(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)


def as_yes_no(value: bool | None) -> str:
    return {True: "yes", False: "no"}.get(value, "") if value is not None else ""


class GroupForm(forms.Form):
    """One group of a site's fields.

    `around` holds the values of the other groups, in the shape of requests; the rules of the
    place need them. `company` is the tenant. `editing` leaves out what only a new site has.
    """

    # Changing one of these changes which fields there are; with htmx the form redraws itself.
    turns: tuple[str, ...] = ()
    # The fields of a request that the group is about.
    wire: tuple[str, ...] = ()

    def __init__(
        self,
        data: Any = None,
        *,
        company: Any,
        around: dict[str, Any] | None = None,
        editing: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.company = company
        self.around = around or {}
        self.editing = editing
        self.arrange()

    def redraw_at(self, url: str) -> None:
        """Let the form draw itself anew where a field changes which other fields there are.

        Without script the new fields come with the next answer, or with "Update the questions".
        """
        for name in self.turns:
            if name in self.fields:
                self.fields[name].widget.attrs |= {
                    "hx-post": url,
                    "hx-vals": '{"do": "redraw"}',
                    "hx-trigger": "change",
                    "hx-target": "#group-form",
                    "hx-swap": "outerHTML",
                    # The later change carries both answers; the earlier one's form would lose it.
                    "hx-sync": "closest form:replace",
                }

    def arrange(self) -> None:
        """Choose the fields and choices for this site."""

    def typed(self, name: str) -> str:
        """What a field holds now, typed or initial, as text."""
        value = self[name].value() if name in self.fields else None
        return "" if value is None else str(value)

    def unchecked(self) -> "GroupForm":
        """The same form with what was typed and no complaints, for redrawing it."""
        self._errors = ErrorDict()
        self.cleaned_data = {}
        return self

    def kept(self) -> FormData:
        """What was typed and is valid, as plain JSON."""
        return {name: _json(value) for name, value in self.cleaned_data.items()}

    def values(self) -> dict[str, Any]:
        """The fields of a request."""
        return self.values_of(self.kept(), self.around, self.company)

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def initial_of(cls, known: dict[str, Any]) -> FormData:
        raise NotImplementedError


def _json(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    return value


def facts_of(known: dict[str, Any], company: Any) -> Facts:
    """What the rules need to know, from fields of a request."""
    address = known.get("address") or {}
    return Facts(
        company_country=company.country,
        country=(address.get("country") or company.country or "").upper(),
        state=address.get("state") or "",
        system_type=known.get("system_type") or "residential",
        encharges=known.get("expected_encharge_count") or 0,
        ac_batteries=known.get("expected_acb_count") or 0,
        grid_connection_type=known.get("grid_connection_type"),
        third_party_storage=bool(known.get("third_party_storage_device_installed")),
        permission_to_operate=bool(known.get("permission_to_operate")),
    )


# ------------------------------------------------------------------ site


class SiteForm(GroupForm):
    """Name, project number, type and address."""

    turns = ("country",)
    wire = (
        "system_name",
        "reference",
        "system_type",
        "internet_connection",
        "address",
        "allow_public_access",
    )

    system_name = forms.CharField(
        label="Name",
        max_length=255,
        help_text="What you call the site, often the owner's name.",
        error_messages={"required": "Enter a name for the site."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    project = forms.CharField(
        label="Project number",
        required=False,
        max_length=60,
        help_text="Yours. It becomes part of the reference at Enphase.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    branch = forms.ModelChoiceField(
        label="Branch",
        queryset=Company.objects.none(),
        required=False,
        empty_label="Whole company",
    )
    system_type = forms.ChoiceField(
        label="System type",
        choices=list(values.SYSTEM_TYPES.items()),
        initial="residential",
        widget=ChoiceCards(),
    )
    internet_connection = forms.ChoiceField(
        label="Internet at the site", choices=list(values.INTERNET.items()), initial="broadband"
    )
    country = forms.ChoiceField(label="Country", required=False)
    street1 = forms.CharField(
        label="Street and number",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    street2 = forms.CharField(
        label="Unit or second line",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    city = forms.CharField(label="City", required=False, max_length=120)
    state = forms.CharField(label="State or province", required=False, max_length=80)
    postal_code = forms.CharField(
        label="Postal code",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    allow_public_access = forms.BooleanField(
        label="Show this site in the public lists of Enphase",
        required=False,
        help_text="Off unless the owner agrees.",
    )

    def arrange(self) -> None:
        if self.editing:
            del self.fields["project"], self.fields["branch"]
        else:
            branches = self.company.branches.order_by("name")
            chooser = self.fields["branch"]
            assert isinstance(chooser, forms.ModelChoiceField)
            chooser.queryset = branches
            if not branches:
                del self.fields["branch"]
        offer(self, "country", [("", "Choose the country"), *countries])
        self.fields["country"].initial = self.company.country
        country = self.typed("country")
        if country in places.STATES:
            attrs = self.fields["state"].widget.attrs
            self.fields["state"] = forms.ChoiceField(
                label=places.STATE_LABELS[country],
                required=False,
                choices=[("", "Choose one"), *places.STATES[country]],
                error_messages={"invalid_choice": "Choose one of the list."},
                widget=forms.Select(attrs=attrs),
            )
        if country == "US":
            self.fields["postal_code"].label = "ZIP code"
        if jurisdiction.address_is_required(Facts(company_country=self.company.country)):
            words = jurisdiction.missing_parts(country)
            for part in jurisdiction.ADDRESS_PARTS:
                self.fields[part].required = True
                self.fields[part].error_messages["required"] = words[part]

    def clean_project(self) -> str:
        typed: str = self.cleaned_data["project"]
        if typed and not references.normalise(typed):
            raise forms.ValidationError("Use letters and digits for the project number.")
        return typed

    def clean(self) -> FormData:
        cleaned: FormData = super().clean() or self.cleaned_data
        address = {part: cleaned.get(part) or "" for part in values.ADDRESS}
        facts = Facts(company_country=self.company.country, country=address["country"])
        for part, sentence in jurisdiction.address_problems(address, facts).items():
            if part not in self.errors:
                self.add_error(part, sentence)
        return cleaned

    def kept(self) -> FormData:
        kept = super().kept()
        branch = self.cleaned_data.get("branch")
        if "branch" in kept:
            kept["branch"] = branch.pk if branch else None
        return kept

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        address = {part: " ".join((kept.get(part) or "").split()) for part in values.ADDRESS}
        given = any(address[part] for part in ("street1", "street2", "city", "postal_code"))
        return {
            "system_name": kept.get("system_name") or None,
            "system_type": kept.get("system_type") or "residential",
            "internet_connection": kept.get("internet_connection") or "broadband",
            "address": address if given else None,
            "allow_public_access": bool(kept.get("allow_public_access")),
        }

    @classmethod
    def initial_of(cls, known: dict[str, Any]) -> FormData:
        address = known.get("address") or {}
        return {
            **{part: address.get(part, "") for part in values.ADDRESS},
            **{
                name: known.get(name)
                for name in (
                    "system_name",
                    "system_type",
                    "internet_connection",
                    "allow_public_access",
                )
            },
        }


# ------------------------------------------------------------------ people


class PeopleForm(GroupForm):
    """Owner by e-mail, host of a leased site, one subcontractor. For new sites only.

    `found` is what look-ups said so far: {"owner": {"email", "user_id" or None, "name"}}.
    """

    turns = ("lease",)

    owner_email = forms.EmailField(
        label="Owner's e-mail",
        required=False,
        help_text="Can wait. Without an owner the site stays in stage 1.",
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    owner_first_name = forms.CharField(label="First name", required=False, max_length=255)
    owner_last_name = forms.CharField(label="Last name", required=False, max_length=255)
    owner_phone = forms.CharField(
        label="Phone",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    lease = forms.BooleanField(label="The system is leased", required=False)
    host_email = forms.EmailField(
        label="Host's e-mail",
        required=False,
        help_text="The person who lives where a leased system stands.",
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    host_first_name = forms.CharField(label="First name", required=False, max_length=255)
    host_last_name = forms.CharField(label="Last name", required=False, max_length=255)
    host_phone = forms.CharField(
        label="Phone",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    authorized_subcontractor_id = forms.TypedChoiceField(
        label="Subcontractor",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="The owner has to approve. Enphase lets nobody take a subcontractor off again.",
    )

    def __init__(self, *args: Any, found: FormData | None = None, **kwargs: Any) -> None:
        self.found = found or {}
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        choices = [
            (other.enphase_id, other.name)
            for other in self.company.subcontractors.filter(enabled=True)
        ]
        offer(self, "authorized_subcontractor_id", [("", "Nobody"), *choices])
        if not choices:
            del self.fields["authorized_subcontractor_id"]
        for role in ("owner", "host"):
            if self.person(role).get("user_id"):
                for part in ("first_name", "last_name", "phone"):
                    del self.fields[f"{role}_{part}"]
            elif self.person(role):
                # Looked for and not found: now the name is wanted.
                for part in ("first_name", "last_name"):
                    self.fields[f"{role}_{part}"].required = True
                    self.fields[f"{role}_{part}"].error_messages["required"] = (
                        f"Enter the {role}'s {part.replace('_', ' ')}, "
                        f"or find the {role} by e-mail first."
                    )
        if not self.is_leased:
            for name in [name for name in self.fields if name.startswith("host_")]:
                del self.fields[name]

    @property
    def is_leased(self) -> bool:
        return self.typed("lease").lower() in ("on", "true", "1", "yes")

    def person(self, role: str) -> FormData:
        """What the last look-up said about the e-mail address typed now; {} for another one."""
        email = self.typed(f"{role}_email").strip().lower()
        found: FormData = self.found.get(role) or {}
        return found if email and found.get("email") == email else {}

    @property
    def owner(self) -> FormData:
        return self.person("owner")

    @property
    def host(self) -> FormData:
        return self.person("host")

    def clean(self) -> FormData:
        cleaned: FormData = super().clean() or self.cleaned_data
        for role in ("owner", "host"):
            email_field = f"{role}_email"
            if email_field not in self.fields or email_field in self.errors:
                continue
            named = [cleaned.get(f"{role}_{part}") for part in ("first_name", "last_name")]
            if not cleaned.get(email_field):
                if any(named):
                    self.add_error(email_field, f"Enter the {role}'s e-mail address.")
                continue
            cleaned[email_field] = cleaned[email_field].lower()
            if self.person(role).get("user_id"):
                continue
            for part, label in (("first_name", "first name"), ("last_name", "last name")):
                if not cleaned.get(f"{role}_{part}") and f"{role}_{part}" not in self.errors:
                    self.add_error(
                        f"{role}_{part}",
                        f"Enter the {role}'s {label}, or find the {role} by e-mail first.",
                    )
        return cleaned

    def kept(self) -> FormData:
        return {**super().kept(), "found": self.found}

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        ids: dict[str, Any] = {}
        for role in ("owner", "host"):
            person = new_person(kept, role)
            ids[f"{role}_id"] = person["user_id"] if person else None
        return {
            "lease": bool(kept.get("lease")),
            **ids,
            "authorized_subcontractor_id": kept.get("authorized_subcontractor_id"),
        }


def new_person(kept: FormData, role: str) -> FormData | None:
    """Owner or host as kept in a draft: e-mail, names, and the id if a look-up found one."""
    email = (kept.get(f"{role}_email") or "").lower()
    if not email or (role == "host" and not kept.get("lease")):
        return None
    found: FormData = (kept.get("found") or {}).get(role) or {}
    same = found.get("email") == email
    return {
        "email": email,
        "user_id": found.get("user_id") if same else None,
        "name": found.get("name", "") if same else "",
        "first_name": kept.get(f"{role}_first_name") or "",
        "last_name": kept.get(f"{role}_last_name") or "",
        "phone": kept.get(f"{role}_phone") or "",
    }


# ------------------------------------------------------------------ equipment


class SerialsField(forms.CharField):
    """Many serials in one field, one a line or however they were pasted; 12 digits each."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=True, **kwargs)

    def clean(self, value: Any) -> list[str]:
        serials = split_serials(super().clean(value))
        wrong = [text for text in serials if not re.fullmatch(rf"\d{{{SERIAL_DIGITS}}}", text)]
        if len(wrong) == 1:
            raise forms.ValidationError(
                f"A gateway serial has {SERIAL_DIGITS} digits, and {wrong[0][:40]} has not."
            )
        if wrong:
            shown = ", ".join(text[:20] for text in wrong[:3])
            raise forms.ValidationError(
                f"A gateway serial has {SERIAL_DIGITS} digits. Check these: {shown}."
            )
        if len(serials) > MAX_SERIALS:
            raise forms.ValidationError(f"Enter at most {MAX_SERIALS} serials.")
        return serials

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


def split_serials(text: str) -> list[str]:
    """Serials out of whatever was pasted: lines, commas, groups of four ("2023 1407 1152")."""
    found: list[str] = []
    for line in re.split(r"[\n\r,;|\t]+", text or ""):
        words = [re.sub(r"[\-.:]", "", word) for word in line.split()]
        words = [word for word in words if word]
        whole = "".join(words)
        if any(len(word) >= SERIAL_DIGITS for word in words) or not whole.isdigit():
            found += words
        elif whole:
            # Groups of four, of one serial or of several on a line.
            step = SERIAL_DIGITS
            found += [whole[start : start + step] for start in range(0, len(whole), step)]
    return list(dict.fromkeys(found))


def _count(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=100_000,
        widget=forms.NumberInput(attrs={"class": "input--num", "inputmode": "numeric"}),
    )


class EquipmentForm(GroupForm):
    """Gateways, what is expected to be there, PV module, array and attachment."""

    turns = ("pv_manufacturer",)
    wire = (
        "envoy_serial_numbers",
        *values.COUNTS,
        "pv_manufacturer",
        "pv_manufacturer_name",
        "pv_model",
        "pv_model_name",
        "pv_module_power_rating",
        "pv_module_type",
        "array_type",
        "attachment_type",
    )

    envoy_serial_numbers = SerialsField(
        label="Gateway serials",
        help_text="12 digits each, on the label under the cover. Paste as many as you have.",
        widget=forms.Textarea(
            attrs={"rows": 3, "inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    expected_envoy_count = _count("Gateways")
    expected_pcu_count = _count("Microinverters")
    expected_meter_count = _count("Meters")
    expected_encharge_count = _count("Encharge")
    expected_enpower_count = _count("Enpower")
    expected_acb_count = _count("AC Batteries")
    expected_nsr_count = _count("Q Relays")
    battery_grid_mode = forms.TypedChoiceField(
        label="What the battery may do with the grid",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", "No battery"),
            *((code, text) for code, text in values.BATTERY_GRID_MODES.items()),
        ],
        help_text="Needed in California as soon as a Net Billing site has a battery.",
    )
    pv_manufacturer = forms.TypedChoiceField(
        label="Module maker", required=False, coerce=int, empty_value=None
    )
    pv_manufacturer_name = forms.CharField(
        label="Maker, when it is not in the list", required=False, max_length=255
    )
    pv_model = forms.TypedChoiceField(label="Module", required=False, coerce=int, empty_value=None)
    pv_model_name = forms.CharField(
        label="Module, when it is not in the list", required=False, max_length=255
    )
    pv_module_power_rating = forms.DecimalField(
        label="Module power",
        required=False,
        min_value=1,
        max_value=2000,
        max_digits=6,
        decimal_places=1,
        widget=Affixed(attrs={"inputmode": "decimal"}, suffix="W"),
    )
    pv_module_type = forms.TypedChoiceField(
        label="Module type",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "Not known"), *values.MODULE_TYPES.items()],
    )
    array_type = forms.ChoiceField(
        label="Array type",
        required=False,
        choices=[("", "Not known"), *values.ARRAY_TYPES.items()],
    )
    attachment_type = forms.ChoiceField(
        label="Attachment",
        required=False,
        choices=[("", "Not known"), *values.ATTACHMENT_TYPES.items()],
    )

    def __init__(
        self,
        *args: Any,
        makers: list[tuple[int, str]] | None = None,
        modules: list[tuple[int, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.makers, self.modules = makers or [], modules or []
        super().__init__(*args, **kwargs)

    @property
    def counts(self) -> list[Any]:
        return [self[name] for name in values.COUNTS]

    def arrange(self) -> None:
        offer(self, "pv_manufacturer", [("", "Not in the list"), *self.makers])
        offer(self, "pv_model", [("", "Not in the list"), *self.modules])
        if not self.modules:
            del self.fields["pv_model"]
        if self.typed("pv_manufacturer"):
            del self.fields["pv_manufacturer_name"]
        facts = facts_of(self.around, self.company)
        nem3 = facts.in_california and facts.grid_connection_type == jurisdiction.NET_BILLING
        if not (self.editing and nem3):
            # A new site answers this on the grid page, where its connection type is asked.
            del self.fields["battery_grid_mode"]

    def clean(self) -> FormData:
        cleaned: FormData = super().clean() or self.cleaned_data
        if "battery_grid_mode" in self.fields:
            battery = cleaned.get("expected_encharge_count") or cleaned.get("expected_acb_count")
            if battery and not cleaned.get("battery_grid_mode"):
                self.add_error(
                    "battery_grid_mode",
                    "Choose what the battery may do with the grid. California sites need it.",
                )
            elif not battery:
                cleaned["battery_grid_mode"] = None
        if cleaned.get("pv_model") and cleaned.get("pv_model_name"):
            self.add_error("pv_model_name", "Choose a module or type its name, not both.")
        return cleaned

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        serials = kept.get("envoy_serial_numbers") or []
        result: dict[str, Any] = {"envoy_serial_numbers": serials}
        for name in values.COUNTS:
            result[name] = kept.get(name)
        if result["expected_envoy_count"] is None and serials:
            result["expected_envoy_count"] = len(serials)
        maker, module = kept.get("pv_manufacturer"), kept.get("pv_model")
        result["pv_manufacturer"], result["pv_model"] = maker, module if maker else None
        if not maker:
            result["pv_manufacturer_name"] = kept.get("pv_manufacturer_name") or None
        if not result["pv_model"]:
            result["pv_model_name"] = kept.get("pv_model_name") or None
        for name in ("pv_module_power_rating", "pv_module_type"):
            result[name] = kept.get(name)
        for name in ("array_type", "attachment_type"):
            result[name] = kept.get(name) or None
        if "battery_grid_mode" in kept:
            result["battery_grid_mode"] = kept["battery_grid_mode"]
        return result

    @classmethod
    def initial_of(cls, known: dict[str, Any]) -> FormData:
        names = (
            "envoy_serial_numbers",
            *values.COUNTS,
            "pv_manufacturer",
            "pv_model",
            "pv_module_power_rating",
            "pv_module_type",
            "array_type",
            "attachment_type",
            "battery_grid_mode",
        )
        initial = {name: known.get(name) for name in names}
        # Enphase repeats the names of what is in its lists; only own names belong in the fields.
        if not known.get("pv_manufacturer"):
            initial["pv_manufacturer_name"] = known.get("pv_manufacturer_name")
        if not known.get("pv_model"):
            initial["pv_model_name"] = known.get("pv_model_name")
        return initial


# ------------------------------------------------------------------ grid


class GridForm(GroupForm):
    """Grid profile, the questions of the place, permission to operate and its dates."""

    turns = (
        "grid_connection_type",
        "third_party_storage_device_installed",
        "permission_to_operate",
    )
    wire = (
        "grid_profile",
        "grid_connection_type",
        "battery_grid_mode",
        "third_party_storage_device_installed",
        "third_party_storage_device_manufacturer",
        "permission_to_operate",
        "operational",
        "interconnection_application_date",
        "interconnect_date",
        "voltage",
    )

    grid_profile = forms.ChoiceField(label="Grid profile", required=False)
    grid_connection_type = forms.TypedChoiceField(
        label="Grid connection type",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", "Choose one"),
            *((code, text) for code, text in values.GRID_CONNECTION_TYPES.items()),
        ],
        help_text="How the utility bills what is fed in. It is on the interconnection agreement.",
    )
    battery_grid_mode = forms.TypedChoiceField(
        label="What the battery may do with the grid",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            (1, "Import only: charges from the grid, never exports"),
            (2, "Export only: charges from the panels, may export"),
        ],
        widget=forms.RadioSelect(),
    )
    third_party_storage_device_installed = forms.ChoiceField(
        label="Is a battery of another maker installed?", required=False, choices=YES_NO
    )
    third_party_storage_device_manufacturer = forms.ChoiceField(
        label="Who made that battery?",
        required=False,
        choices=[("", "Choose one"), *((maker, maker) for maker in jurisdiction.STORAGE_MAKERS)],
    )
    permission_to_operate = forms.BooleanField(
        label="Permission to operate (PTO) is given",
        required=False,
        help_text="Until then the site stays off and counts as not operational.",
    )
    interconnection_application_date = forms.DateField(
        label="Interconnection application",
        required=False,
        help_text="The day the application went to the utility. It fixes the export rates.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    interconnect_date = forms.DateField(
        label="Approved to connect",
        required=False,
        help_text="The day the utility approved the connection, if it has.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    voltage = forms.CharField(
        label="Voltage and phase",
        required=False,
        max_length=40,
        help_text="Commercial sites in North America only, such as 208Y or 480Y.",
    )

    def __init__(
        self, *args: Any, profiles: list[tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        self.profiles = profiles or []
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        choices = [("", "Choose later"), *self.profiles]
        current = self.typed("grid_profile")
        if current and current not in dict(choices):
            choices.append((current, f"{current} (not in the list for this place)"))
        offer(self, "grid_profile", choices)
        facts = self.facts_now()
        offered = jurisdiction.shown(facts)
        always = {"grid_profile", "permission_to_operate"}
        for name in list(self.fields):
            if name not in offered and name not in always:
                del self.fields[name]
        for name in jurisdiction.required(facts):
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = jurisdiction.MISSING[name]

    def facts_now(self) -> Facts:
        """The facts with what is typed in this form right now."""
        typed = self.typed("grid_connection_type")
        return facts_of(
            {
                **self.around,
                "grid_connection_type": int(typed) if typed.isdecimal() else None,
                "third_party_storage_device_installed": yes_no(
                    self.typed("third_party_storage_device_installed")
                ),
                "permission_to_operate": self.typed("permission_to_operate").lower()
                in ("on", "true", "1"),
            },
            self.company,
        )

    def clean(self) -> FormData:
        cleaned: FormData = super().clean() or self.cleaned_data
        # Somewhere on earth it is tomorrow already.
        today = (timezone.now() + timedelta(hours=14)).date()
        found = jurisdiction.problems(cleaned, self.facts_now(), today)
        for name, sentence in found.items():
            if name in self.fields and name not in self.errors:
                self.add_error(name, sentence)
        return cleaned

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        pto = bool(kept.get("permission_to_operate"))
        given = {
            "grid_profile": kept.get("grid_profile") or None,
            "grid_connection_type": kept.get("grid_connection_type"),
            "battery_grid_mode": kept.get("battery_grid_mode"),
            "third_party_storage_device_installed": yes_no(
                kept.get("third_party_storage_device_installed") or ""
            ),
            "third_party_storage_device_manufacturer": kept.get(
                "third_party_storage_device_manufacturer"
            ),
            "permission_to_operate": pto,
            "operational": pto,
            "interconnection_application_date": kept.get("interconnection_application_date"),
            "interconnect_date": kept.get("interconnect_date"),
            "voltage": kept.get("voltage"),
        }
        facts = facts_of({**around, **given}, company)
        sent = jurisdiction.passed(given, facts)
        return {name: sent.get(name) for name in given}

    @classmethod
    def initial_of(cls, known: dict[str, Any]) -> FormData:
        names = (
            "grid_profile",
            "grid_connection_type",
            "battery_grid_mode",
            "third_party_storage_device_manufacturer",
            "permission_to_operate",
            "interconnection_application_date",
            "interconnect_date",
            "voltage",
        )
        return {
            **{name: known.get(name) for name in names},
            "third_party_storage_device_installed": as_yes_no(
                known.get("third_party_storage_device_installed")
            ),
        }


# ------------------------------------------------------------------ decisions


class CreateForm(forms.Form):
    """The check page: only something to say when a copy of the site was found."""

    anyway = forms.BooleanField(
        label="Create it anyway: this is another site",
        required=False,
        error_messages={"required": "Open the site that exists, or say that this is another one."},
    )
    reason = forms.CharField(
        label="Why it is another site",
        required=False,
        max_length=200,
        help_text="Kept in the history, with your name.",
    )

    def __init__(self, *args: Any, copies: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if copies:
            self.fields["anyway"].required = True
            self.fields["reason"].required = True
            self.fields["reason"].error_messages["required"] = "Say why, in a few words."
        else:
            del self.fields["anyway"], self.fields["reason"]


class ProductionForm(forms.Form):
    """Switching a whole site: what has to be said before."""

    safe = forms.BooleanField(
        label="Nobody is working on the roof or at the panel",
        error_messages={"required": "Confirm that nobody is working on the roof or at the panel."},
    )
    no_pto = forms.BooleanField(
        label="I know that permission to operate is not on record, and switch it on all the same",
        error_messages={"required": "Permission to operate is not on record. Confirm, or wait."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        help_text="Kept in the history, with your name.",
        error_messages={"required": "Say why production is being stopped."},
    )

    def __init__(self, *args: Any, mode: str, pto_known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if mode == "on":
            del self.fields["reason"]
        if mode == "off" or pto_known:
            del self.fields["no_pto"]


class DeleteForm(forms.Form):
    """Typed confirmation of the name, and why."""

    name = forms.CharField(
        label="Type the name of the site",
        error_messages={"required": "Type the name of the site as it is written above."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        help_text="Kept in the history, with your name.",
        error_messages={"required": "Say why it is deleted."},
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        if " ".join(typed.split()).casefold() != " ".join(self.expected.split()).casefold():
            raise forms.ValidationError("This is not the name of the site.")
        return typed


class OwnerForm(forms.Form):
    """The owner of an existing site, by e-mail."""

    email = forms.EmailField(
        label="E-mail",
        error_messages={"required": "Enter an e-mail address."},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    first_name = forms.CharField(label="First name", required=False, max_length=255)
    last_name = forms.CharField(label="Last name", required=False, max_length=255)
    phone = forms.CharField(label="Phone", required=False, max_length=40)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return email.lower()

    def require_names(self) -> bool:
        """Nobody has the address: a new home owner needs names. False with errors added."""
        for part, label in (("first_name", "first name"), ("last_name", "last name")):
            if not self.cleaned_data.get(part):
                self.add_error(part, f"Enter the {label}; nobody at Enphase has this address yet.")
        return not self.errors


class SubcontractorForm(forms.Form):
    """A subcontractor to be added to a site."""

    subcontractor = forms.TypedChoiceField(
        label="Subcontractor",
        coerce=int,
        help_text="The owner has to approve. Enphase lets nobody take a subcontractor off again.",
        error_messages={"required": "Choose a subcontractor."},
    )

    def __init__(self, *args: Any, choices: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "subcontractor", [("", "Choose one"), *choices])
