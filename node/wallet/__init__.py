"""The wallet: secrets, the phrases that people write down for them, and signing."""
