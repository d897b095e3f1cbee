"""Labels for segmentation on prims, in the words each release reads."""

from __future__ import annotations

from pxr import Usd


def label_of(prim: Usd.Prim, version: tuple[int, ...]) -> str:
    """Return the label of a prim or of the nearest prim above it; empty if there is none.

    Up to 4.5 only the older `SemanticsAPI` is read, from 5.0 on also `SemanticsLabelsAPI`.
    """
    while prim and not prim.IsPseudoRoot():
        if version >= (5, 0):
            labels = prim.GetAttribute("semantics:labels:class")
            if labels and labels.Get():
                return str(labels.Get()[0])
        found = _older(prim)
        if found:
            return found
        prim = prim.GetParent()
    return ""


def _older(prim: Usd.Prim) -> str:
    for schema in prim.GetPrimTypeInfo().GetAppliedAPISchemas():
        api, _, instance = str(schema).partition(":")
        if api == "SemanticsAPI" and prim.GetAttribute(f"semantic:{instance}:params:semanticType").Get() == "class":
            return str(prim.GetAttribute(f"semantic:{instance}:params:semanticData").Get() or "")
    return ""
