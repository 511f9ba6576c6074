"""What `da_jax.data.check` finds out about data, as pure functions."""
