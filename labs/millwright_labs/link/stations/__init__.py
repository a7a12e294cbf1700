"""Machines that are more than a plant on a bench: with a controller and tags of their own."""
