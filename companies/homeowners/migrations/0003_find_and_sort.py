"""Fill what the list sorts by and searches in, for home owners that are there already."""

import unicodedata

from django.db import migrations


def fold(text):
    plain = unicodedata.normalize("NFKD", text.replace("\x00", " "))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(plain.casefold().split())


def fill(apps, schema_editor):
    home_owner = apps.get_model("homeowners", "HomeOwner")
    rows = []
    for row in home_owner.objects.all().iterator(chunk_size=1000):
        digits = "".join(letter for letter in row.phone if letter.isdigit())
        named = f"{row.first_name} {row.last_name}".strip()
        row.sort_key = fold(f"{row.last_name} {row.first_name} {row.email}")[:300]
        row.search_text = fold(f"{named} {row.email} {row.phone} {digits}")
        rows.append(row)
        if len(rows) == 500:
            home_owner.objects.bulk_update(rows, ["sort_key", "search_text"])
            rows = []
    home_owner.objects.bulk_update(rows, ["sort_key", "search_text"])


class Migration(migrations.Migration):
    dependencies = [("homeowners", "0002_people")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
