"""The shape of config/alerts.toml: rules, receivers, routes. Knows which keys there are; nothing of what they do."""

from typing import Literal

from pydantic import Field

from monitor.settings_types import PluginTable, Section, Unique
from monitor.settings_words import Flag, Names, Slices


class RuleTable(PluginTable):
    """[[rule]]"""

    brands: Names = Field(("*",), description="Which brands it watches; * stands for any letters.")
    slices: Slices = Field(
        (),
        description='Parts of a brand that it also watches one by one: "platform", "touchpoint", "language", "region",'
        ' or one of them as in "touchpoint=delivery". All of them share the rule\'s false alarms.',
    )


class ReceiverTable(PluginTable):
    """[[receiver]]"""


class RouteTable(Section):
    """[[route]]"""

    brands: Names = Field(("*",), description="Which brands it fits; * stands for any letters.")
    severity: Literal["low", "medium", "high"] = Field("low", description="The least severity that it fits.")
    receivers: Names = Field(min_length=1, description="Who is told, by the names of their [[receiver]].")
    continue_: Flag = Field(False, alias="continue", description="Whether the routes below are asked as well.")


class AlertsFile(Unique):
    """config/alerts.toml"""

    rule: tuple[RuleTable, ...] = ()
    route: tuple[RouteTable, ...] = ()
    receiver: tuple[ReceiverTable, ...] = ()
