"""Many runs of one method: what its factors do, and which values to take."""
