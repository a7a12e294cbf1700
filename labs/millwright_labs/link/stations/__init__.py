"""Machines that are more than a plant on a bench: with a controller on board, and tags of its own."""
