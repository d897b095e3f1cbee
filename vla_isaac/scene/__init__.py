"""What stands where: objects, cameras, lights, the scene builder, layouts and their variation; plain data."""
