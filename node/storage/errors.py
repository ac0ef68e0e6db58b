"""What can be wrong with a store: each error is one line that says what, where, and what to do."""


class StorageError(Exception):
    """The store cannot be opened, read or written; what was last committed is unharmed."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class StorageLocked(StorageError):
    """Another process has the store open."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"the database at {path} is in use by another process: stop that one first")


class StorageCorrupted(StorageError):
    """What the disk holds is not what was written."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(
            path,
            f"the database at {path} is corrupted ({detail}): restore a copy, or remove it to start anew",
        )
        self.detail = detail


class StorageFull(StorageError):
    """The disk took no more; the block at hand was not committed."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(path, f"the disk is full at {path} ({detail}): free some space and start again")
        self.detail = detail


class StorageFormat(StorageError):
    """The store was written by another version of this program, or by another program."""

    def __init__(self, path: str, found: str, expected: str) -> None:
        super().__init__(
            path, f"the database at {path} has format {found}, and this version reads format {expected}"
        )
        self.found = found
        self.expected = expected


class StorageUnusable(StorageError):
    """The operating system refuses: permissions, a file where a directory should be, a failing disk."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(path, f"the database at {path} cannot be used: {detail}")
        self.detail = detail


class StorageUnfinished(StorageError):
    """The store was being filled with a checkpoint's state when it was left."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            f"the database at {path} was left half filled with the state of a checkpoint: start with the "
            "same --checkpoint to go on, or remove it to start anew",
        )


class StorageFilled(StorageError):
    """The store holds a chain, and was to be filled with a state."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path, f"the database at {path} holds a chain already: start without --checkpoint, or remove it"
        )
