"""A second wall around the audit trail: the database itself refuses to change an event.

SQLite gets no guard against DELETE, because Django empties its tables that way between tests;
a removed event still shows in the hash chain (`manage.py verify_audit`).
"""

from django.db import migrations

POSTGRESQL = """
CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'The audit trail only grows.'; END $$;
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON operations_auditevent
FOR EACH ROW EXECUTE FUNCTION audit_only_grows();
"""
POSTGRESQL_BACK = """
DROP TRIGGER audit_only_grows ON operations_auditevent;
DROP FUNCTION audit_only_grows();
"""
SQLITE = """
CREATE TRIGGER audit_only_grows BEFORE UPDATE ON operations_auditevent
BEGIN SELECT RAISE(ABORT, 'The audit trail only grows.'); END;
"""
SQLITE_BACK = "DROP TRIGGER audit_only_grows;"


def build(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def remove(apps, schema_editor):
    schema_editor.execute(
        POSTGRESQL_BACK if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK
    )


class Migration(migrations.Migration):
    dependencies = [("operations", "0002_initial")]
    operations = [migrations.RunPython(build, remove)]
