"""Parts of the running system are killed while it works; what it promised must hold afterwards."""
