"""`OpenStage`: the choice between the open stage and a new one, and the question before the open one is closed."""

from __future__ import annotations

from typing import Any

from vla_isaac.extension.kit import require
from vla_isaac.extension.stage_content import StageContent, content_of
from vla_isaac.sim.backend import Steps

usd = require("omni.usd")  # source: docs.omniverse.nvidia.com omni.usd, UsdContext: get_stage, has_pending_edit


class OpenStage:
    """What Kit's open stage holds, and whether closing it was confirmed."""

    def __init__(self, choice: str) -> None:
        """Take the initial choice, one of `stage_content.STAGES`."""
        self.choice = choice
        self.asks = ""
        self.is_being_renewed = False
        self._of_scene: Any = None

    def remember(self) -> None:
        """Take the open stage for the one of the scene."""
        self._of_scene = usd.get_context().get_stage()

    @property
    def is_replaced(self) -> bool:
        """Whether another stage is open than that of the scene."""
        return self._of_scene is not None and usd.get_context().get_stage() != self._of_scene

    @property
    def makes_new(self) -> bool:
        """Whether Load opens a new stage."""
        return self.choice == "new"

    def content(self) -> StageContent:
        """Return what the open stage holds besides our scene."""
        context = usd.get_context()
        stage = context.get_stage()
        if stage is None:
            return StageContent()
        return content_of(stage.GetRootLayer(), is_unsaved=bool(context.has_pending_edit()))

    def may_load(self) -> bool:
        """Return whether a scene may be loaded now; if not, `asks` has the question that the next call confirms."""
        question = self.content().confirmation if self.makes_new else ""
        is_confirmed, self.asks = self.asks == question, ""
        if question and not is_confirmed:
            self.asks = question
        return not self.asks

    def renew(self, new_stage: Steps[None]) -> Steps[None]:
        """Open a new stage; meanwhile the events of the stage are ours."""
        self.is_being_renewed = True
        try:
            yield from new_stage
        finally:
            self.is_being_renewed = False

    def choose(self, choice: str) -> None:
        """Set the choice and drop the question."""
        self.choice, self.asks = choice, ""
