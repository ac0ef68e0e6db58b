"""The world: Trio, storage, sockets and people; it carries and shows, and decides nothing."""
