"""The multi-task study of docs/zoo.md: trained by ``python -m tools.zoo.study``, its tables by ``... .study.tables``."""
