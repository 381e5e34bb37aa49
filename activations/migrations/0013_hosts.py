"""Take the host of each site out of the answers that are there already."""

from django.db import migrations


def fill(apps, schema_editor):
    activation = apps.get_model("activations", "Activation")
    rows = []
    for row in activation.objects.only("raw", "detail").iterator(chunk_size=1000):
        host = row.detail.get("host_id") or row.raw.get("host_id")
        if isinstance(host, int):
            row.host_id = host
            rows.append(row)
        if len(rows) == 500:
            activation.objects.bulk_update(rows, ["host_id"])
            rows = []
    activation.objects.bulk_update(rows, ["host_id"])


class Migration(migrations.Migration):
    dependencies = [("activations", "0012_people")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
