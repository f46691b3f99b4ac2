"""What may be published: what is taken out of a model, what is made up, what an attack finds."""
