"""Virtual equipment and what lessons and apps show of it."""
