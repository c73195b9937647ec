"""The emulator's scripts: what `up`, `down`, `test`, `inventory`, `lint` and `models` do."""
