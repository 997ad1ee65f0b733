from hypothesis import settings

# Argon2id and shared machines take their time; the suite's own timeout guards against hanging.
settings.register_profile("crypto", deadline=None)
settings.load_profile("crypto")
