"""Look after messages: list those on their way and those given up, send them again, see how the receivers are doing.

Knows the store; carries nothing itself: what is queued again leaves with the next delivery.
"""

from typing import Annotated, Literal

import typer

from monitor.cli._common import ConfigOption, DbOption, JsonOption, beside, counted, emit_json, new_app, reading, table
from monitor.cli._common import talk as _talk
from monitor.clock import SystemClock
from monitor.errors import InputError
from monitor.store.outbox import Letter

app = new_app(no_args_is_help=True)
COLUMNS = ("message", "receiver", "state", "tries", "queued", "next try", "title", "last error")
STATES = ("receiver", "doing", "failures in a row", "broken since", "left alone until", "last delivery", "last error")
MOST = 100_000
Which = Literal["queued", "sending", "sent", "dead"]


@app.callback()
def main() -> None:
    """Look after messages: list them, send dead letters again, see how the receivers are doing."""


@app.command(name="list")
def show(
    dead: Annotated[bool, typer.Option("--dead", help="Only what was given up.")] = False,
    state: Annotated[Which | None, typer.Option("--state", help="Only queued, sending, sent or dead ones.")] = None,
    receiver: Annotated[str | None, typer.Option("--receiver", help="Only for this receiver.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many, the newest.")] = 50,
    config: ConfigOption = None,
    db: DbOption = None,
    as_json: JsonOption = False,
) -> None:
    """List messages, the newest first, with their tries and why the last one failed."""
    with reading(config, db) as store:
        found = store.outbox.letters(state="dead" if dead else state, receiver=receiver, limit=limit)
    if as_json:
        emit_json([_record(each) for each in found])
        return
    table("Messages", COLUMNS, [_row(each) for each in found])


@app.command()
def retry(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers from `outbox list`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    receiver: Annotated[str | None, typer.Option("--receiver", help="With --all: only those of this receiver.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="RECEIVER", help="Send them to this one instead.")] = None,
    config: ConfigOption = None,
    db: DbOption = None,
) -> None:
    """Queue dead letters again; `run` or `tick` carries them. A receiver that rests is asked at once."""
    if bool(numbers) == every:
        raise InputError("Name the messages by their numbers (`outbox list --dead` shows them), or say --all.")
    with beside(config, db) as program, program.store.transaction():
        store, now = program.store, SystemClock().now()
        if to is not None and to not in program.receivers:
            known = ", ".join(program.receivers) or "none"
            raise InputError(f'there is no receiver "{to}" in alerts.toml; there are: {known}.')
        dead = {each.id: each for each in store.outbox.letters(state="dead", receiver=receiver, limit=MOST)}
        chosen = sorted(dead) if every else list(dict.fromkeys(numbers or ()))
        if missing := [str(number) for number in chosen if number not in dead]:
            raise InputError(f"there is no dead letter {', '.join(missing)}; `outbox list --dead` shows them.")
        for number in chosen:
            store.outbox.revive(number, now=now, receiver=to)
            store.receivers.ask_again(to or dead[number].receiver)
    _talk.print(f"{counted(len(chosen), 'message')} queued again; `run` or `tick` carries them.")


@app.command()
def receivers(config: ConfigOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
    """Say how each receiver is doing: failures in a row, since when it is broken, until when it is left alone."""
    with reading(config, db) as store:
        found = store.receivers.all()
    if as_json:
        emit_json(found)
        return
    rows: list[tuple[object, ...]] = [
        (
            each.receiver, "broken" if each.broken_since else "failing" if each.failures else "well", each.failures,
            each.broken_since, each.rest_until, each.last_sent, each.last_error,
        )
        for each in found
    ]  # fmt: skip
    table("Receivers", STATES, rows)


def _row(each: Letter) -> tuple[object, ...]:
    due = each.due_at if each.state == "queued" else None
    return (
        each.id, each.receiver, each.state, each.attempts, each.queued_at, due, each.message.title, each.last_error,
    )  # fmt: skip


def _record(each: Letter) -> dict[str, object]:
    message = each.message
    return {
        "id": each.id, "receiver": each.receiver, "state": each.state, "tries": each.attempts,
        "queued_at": each.queued_at, "due_at": each.due_at, "sent_at": each.sent_at, "last_error": each.last_error,
        "key": message.key, "kind": message.kind.value, "title": message.title, "body": message.body,
        "severity": message.severity, "brand": message.brand, "repeat": message.repeat, "drill": message.drill,
        "instead_of": message.instead_of,
    }  # fmt: skip
