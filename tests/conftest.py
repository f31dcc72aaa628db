"""What holds for every test: Hypothesis neither measures time nor writes into the source tree."""

from hypothesis import HealthCheck, settings

settings.register_profile("studio", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("studio")
