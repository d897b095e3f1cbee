"""`multi_task`: a shared encoder, one head per task, and a classifier of the task from the sentence."""
