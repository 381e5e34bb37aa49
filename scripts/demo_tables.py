"""Tables and static files of the demo, in one process: starting Django costs more than they do."""

from pathlib import Path

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    from django.conf import settings

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)

    built = settings.BASE_DIR / "static" / "build" / ".stamp"
    collected = Path(settings.STATIC_ROOT) / ".stamp"
    digest = built.read_text() if built.exists() else ""
    if not collected.exists() or collected.read_text() != digest:
        call_command("collectstatic", verbosity=0, interactive=False, clear=True)
        collected.parent.mkdir(parents=True, exist_ok=True)
        collected.write_text(digest)


if __name__ == "__main__":
    main()
