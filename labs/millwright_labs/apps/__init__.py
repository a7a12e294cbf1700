"""Apps for visitors and lessons: one industrial case each, touched in a browser.

Each module holds one app: tested functions that compute, and `app`, which puts controls, figure,
numbers and question on the page. The notebooks in ``labs/apps`` only call it; their text stands
in ``labs/apps/text``.
"""
