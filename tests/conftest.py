"""What every test shares: one hypothesis profile, without deadlines, since machines differ in speed."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ballast", deadline=None, print_blob=True)
settings.load_profile("ballast")
