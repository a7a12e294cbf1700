"""Industrial data sets: catalogue, download, verification, loading."""
