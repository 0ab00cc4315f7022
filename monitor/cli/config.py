"""Check the settings, or show every value in force and where it came from.

Knows the settings and the message templates beside them, and nothing of what they are for. A secret shows its
reference, never its value.
"""

from monitor.alerting.message import Templates
from monitor.cli._common import ConfigOption, JsonOption, counted, emit_json, new_app, settings_of, table, talk
from monitor.pipeline.program import check_slices
from monitor.settings import shown

app = new_app(no_args_is_help=True)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Read every file and say all that is wrong, or that nothing is."""
    settings = settings_of(config)
    Templates(settings.folder / "templates")
    check_slices(settings)
    talk.print(
        f"{settings.folder}: in order. {counted(len(settings.sources), 'source')}"
        f" ({sum(s.enabled for s in settings.sources)} on), {counted(len(settings.brands), 'brand')},"
        f" {counted(len(settings.rules), 'rule')}, {counted(len(settings.receivers), 'receiver')}.",
        markup=False,
    )


@app.command()
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print every value in force and where it came from; secrets as the reference that names them."""
    rows = list(shown(settings_of(config)))
    if as_json:
        emit_json([{"key": key, "value": value, "from": origin} for key, value, origin in rows])
    else:
        table("Settings", ("key", "value", "from"), [tuple(row) for row in rows])
