"""The model card: what a model is, how good it is and where it is weak, for people to read.

Nothing is imported here: the service draws pages, too, and training's libraries are not for it.
"""
