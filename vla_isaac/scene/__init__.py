"""Scenes as plain data: objects, cameras, lights, the scene builder, layouts, randomisation and USD."""
