"""The index of trigrams behind activations.search: FTS5 on SQLite, GIN on PostgreSQL.

On SQLite the index follows the table by triggers. They go when SQLite has to rebuild the table
for a later migration; such a migration must run `create` again after it. A test watches this.
"""

from django.db import DatabaseError, migrations, transaction

SQLITE = [
    """
    CREATE VIRTUAL TABLE activations_search USING fts5(
        search_text, content='activations_activation', content_rowid='id',
        tokenize='trigram case_sensitive 1'
    )
    """,
    """
    CREATE TRIGGER activations_search_insert AFTER INSERT ON activations_activation BEGIN
        INSERT INTO activations_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
    """,
    """
    CREATE TRIGGER activations_search_delete AFTER DELETE ON activations_activation BEGIN
        INSERT INTO activations_search(activations_search, rowid, search_text)
            VALUES ('delete', old.id, old.search_text);
    END
    """,
    """
    CREATE TRIGGER activations_search_update AFTER UPDATE OF search_text ON activations_activation
    WHEN old.search_text IS NOT new.search_text BEGIN
        INSERT INTO activations_search(activations_search, rowid, search_text)
            VALUES ('delete', old.id, old.search_text);
        INSERT INTO activations_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
    """,
    "INSERT INTO activations_search(activations_search) VALUES ('rebuild')",
]
SQLITE_DROP = [
    "DROP TRIGGER IF EXISTS activations_search_insert",
    "DROP TRIGGER IF EXISTS activations_search_delete",
    "DROP TRIGGER IF EXISTS activations_search_update",
    "DROP TABLE IF EXISTS activations_search",
]
BY_COMPANY = (
    "CREATE INDEX activation_search ON activations_activation"
    " USING gin (company_id, search_text gin_trgm_ops)"
)
PLAIN = (
    "CREATE INDEX activation_search ON activations_activation USING gin (search_text gin_trgm_ops)"
)


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in [*SQLITE_DROP, *SQLITE]:
            schema_editor.execute(statement)
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    schema_editor.execute("DROP INDEX IF EXISTS activation_search")
    try:
        # Not installed everywhere; without it the index serves all companies at once.
        with transaction.atomic(using=schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
            schema_editor.execute(BY_COMPANY)
    except DatabaseError:
        schema_editor.execute(PLAIN)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE_DROP:
            schema_editor.execute(statement)
    else:
        schema_editor.execute("DROP INDEX IF EXISTS activation_search")


class Migration(migrations.Migration):
    dependencies = [("activations", "0004_mirror")]

    operations = [migrations.RunPython(create, drop)]
