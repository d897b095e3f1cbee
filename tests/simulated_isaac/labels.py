"""Labels for segmentation on prims, in the words each release reads."""

from __future__ import annotations

from pxr import Usd


def label_of(prim: Usd.Prim, version: tuple[int, ...], *, is_joined: bool = False) -> str:
    """Return the label of a prim or of the nearest prim above it; empty if there is none.

    Up to 4.5 only the older `SemanticsAPI` is read, from 5.0 on also `SemanticsLabelsAPI`. With `is_joined` a prim with both
    has both labels, joined by a comma, as one with several has them.
    """
    while prim and not prim.IsPseudoRoot():
        found = [label for label in (_newer(prim) if version >= (5, 0) else "", _older(prim)) if label]
        if found:
            return ",".join(found if is_joined else found[:1])
        prim = prim.GetParent()
    return ""


def _newer(prim: Usd.Prim) -> str:
    labels = prim.GetAttribute("semantics:labels:class")
    return str(labels.Get()[0]) if labels and labels.Get() else ""


def _older(prim: Usd.Prim) -> str:
    for schema in prim.GetPrimTypeInfo().GetAppliedAPISchemas():
        api, _, instance = str(schema).partition(":")
        if api == "SemanticsAPI" and prim.GetAttribute(f"semantic:{instance}:params:semanticType").Get() == "class":
            return str(prim.GetAttribute(f"semantic:{instance}:params:semanticData").Get() or "")
    return ""
