"""Views of a dataset: a contact sheet, and a folder of HTML pages that need no network and no server."""

from vla_isaac.datasets.view.contact_sheet import contact_sheet
from vla_isaac.datasets.view.pages import write_pages

__all__ = ["contact_sheet", "write_pages"]
