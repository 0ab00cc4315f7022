"""Apprise: chat, mail, on-call and phone services, each by one address such as slack://…; knows no alerts.

Needs the address in the environment or a file, as in url = "env:ALERT_URL" (https://appriseit.com/services lists how
it is written for each service). One receiver has one address with one target, so that a repeat never reaches
somebody who has the message already. PagerDuty and Opsgenie get a key that makes one incident of one incident there.
"""

import logging
import warnings
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import apprise
from apprise.attachment.memory import AttachMemory
from apprise.common import PersistentStoreMode
from apprise.plugins import NotifyBase

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it prepares for a module that Python 3.13 dropped
    import apprise.utils.pgp

from monitor.domain import Message, MessageKind, Phase, Secret
from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused
from monitor.notifiers import _text
from monitor.notifiers._apprise_fence import ALLOWED, MAIL, NEVER, fenced, one, schema, silence
from monitor.notifiers._apprise_outcome import failure

_LOUDNESS = {
    "low": apprise.NotifyType.INFO,
    "medium": apprise.NotifyType.WARNING,
    "high": apprise.NotifyType.FAILURE,
}
_ATTACH: Any = AttachMemory  # which has no types
_CALM = (MessageKind.HEARTBEAT, MessageKind.DIGEST, MessageKind.TEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseOptions:
    """Where the messages go."""

    url: Secret = field(metadata={"help": 'where the address of the service is, as in "env:ALERT_URL"'})
    schemas: tuple[str, ...] = field(
        default=ALLOWED, metadata={"help": "the kinds of address that are allowed (what stands before ://)"}
    )
    timeout: timedelta = field(
        default=timedelta(seconds=30), metadata={"help": "how long one delivery may take, as in 30s"}
    )


class Apprise:
    """Delivers through one address of Apprise."""

    kind: ClassVar[str] = "apprise"
    Options: ClassVar[type[AppriseOptions]] = AppriseOptions
    pictures: ClassVar[bool] = True

    def __init__(self, name: str, options: AppriseOptions) -> None:
        self.name = name
        self._options = options

    def send(self, message: Message) -> None:
        """Deliver once. An address that is missing can be set later; one that is not allowed is a refusal."""
        silence()
        service = self._service(message)
        picture = _picture(service, message)
        result = self._deliver(service, message, picture)
        if result.status is apprise.AppriseResultStatus.SUCCESS:
            return
        if result.status in (apprise.AppriseResultStatus.TIMEOUT, apprise.AppriseResultStatus.PARTIAL):
            raise DeliveryUnknown(
                f"{self.name}: {service.service_name} did not answer within"
                f" {self._options.timeout.total_seconds():g} s; the message may have arrived."
            )
        in_pieces = picture is not None and schema(self._address()) not in MAIL
        log = (entry.message for entry in result.logs())
        raise failure(self.name, str(service.service_name), log, in_pieces=in_pieces)

    def _deliver(self, service: NotifyBase, message: Message, picture: AttachMemory | None) -> apprise.AppriseResult:
        client = apprise.Apprise(asset=service.asset)
        client.add(service)
        return client.notify(
            title=_text.title(message),
            body=_text.body(message, most=service.body_maxlen),
            notify_type=_loudness(message),
            body_format=apprise.NotifyFormat.TEXT,
            attach=picture and [picture],
            timeout=self._options.timeout.total_seconds(),
            log_level=logging.DEBUG,
        )

    def _service(self, message: Message) -> NotifyBase:
        address = self._address()
        kind = schema(address)
        # A read may last a little less than the whole, so that we mostly know why it failed.
        patience = f"{max(self._options.timeout.total_seconds() - 1, 0.5):g}"
        own = {"overflow": "truncate", "cto": patience, "rto": patience, **_key_of(kind, message)}
        service = apprise.Apprise.instantiate(fenced(address, **own), asset=self._asset())
        if service is None:
            raise NotifierRefused(f"{self.name}: the address in {self._reference} is not a valid {kind}:// address.")
        if service.redirects or getattr(service, "attach", None) or getattr(service, "template", None):
            raise NotifierRefused(f"{self.name}: the address in {self._reference} asks for what is not allowed.")
        if len(service) > 1:
            raise NotifierRefused(
                f"{self.name}: the address in {self._reference} has {len(service)} targets;"
                " make a receiver for each, so that a failure of one does not repeat the others."
            )
        return service

    def _address(self) -> str:
        try:
            address = one(self._options.url.reveal())
        except LookupError as error:
            raise NotifierError(f"{self.name}: {error.args[0]}.") from None
        if address is None:
            raise NotifierRefused(
                f"{self.name}: {self._reference} must hold exactly one address; make a receiver for each."
            )
        kind = schema(address)
        if kind in NEVER or kind not in self._options.schemas:
            shown = f"{kind}://" if kind.isalnum() and len(kind) < 20 else "this kind"
            raise NotifierRefused(
                f"{self.name}: {shown} is not an allowed kind of address in {self._reference};"
                " see `schemas` of this receiver, and docs/config.md."
            )
        return address

    def _asset(self) -> apprise.AppriseAsset:
        return apprise.AppriseAsset(
            app_id="Sentiment Monitor",
            app_desc="Sentiment Monitor",
            image_url_mask="",  # no pictures from elsewhere
            http_redirects=False,
            async_mode=True,  # in a thread of its own, or the time limit would not hold
            default_service_retry=0,
            service_timeout=self._options.timeout.total_seconds(),
            storage_mode=PersistentStoreMode.MEMORY,
            pgp_autogen=False,
            pem_autogen=False,
            allow_templates=False,
            language="en",  # the log lines are read
        )

    @property
    def _reference(self) -> str:
        return self._options.url.reference


def _picture(service: NotifyBase, message: Message) -> AttachMemory | None:
    """The chart, from memory, where the service takes one; a repeat goes without, so that a picture that it does not
    take costs nobody the words."""
    if message.picture is None or message.repeat or not service.attachment_support:
        return None
    made: AttachMemory = _ATTACH(content=message.picture, name="chart.png", mimetype="image/png")
    return made


def _loudness(message: Message) -> apprise.NotifyType:
    if message.facts.get("phase") == Phase.CLOSED:
        return apprise.NotifyType.SUCCESS
    if message.drill or message.kind in _CALM:
        return apprise.NotifyType.INFO
    return _LOUDNESS.get(message.severity, apprise.NotifyType.WARNING)


def _key_of(kind: str, message: Message) -> dict[str, str]:
    """What lets a receiver see that it has this already: on-call services by incident, mail by message."""
    incident = _text.subject(message)
    if kind == "pagerduty":
        return {"dedup": incident, "action": "map"}
    if kind == "opsgenie":
        return {"alias": incident, "action": "new"}
    return {"+X-Message-Key": message.key} if kind in ("mailto", "mailtos") else {}
