"""A process killed at any moment while it finalizes blocks: the chain opens at a committed block, whole."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from node.storage import RocksStates
from runtime.state import MemoryStates
from support.storage import numbered_changes

KILLS = 4

WRITER = """
import sys
from node.storage import RocksStates
from support.storage import numbered_changes
states = RocksStates.open(sys.argv[1], window=4)
if states.head.height < 0:
    states.genesis(numbered_changes(0))
while True:
    state = states.head.child(numbered_changes(states.head.height + 1), {})
    states.finalize(state)
    print(states.head.height, flush=True)
"""


def test_killed_while_it_finalizes(tmp_path: Path) -> None:
    random = Random(11)
    reached = -1
    memory = MemoryStates()
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": ":".join(sys.path)},
        ) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline())]
            time.sleep(random.random() / 5)
            writer.send_signal(signal.SIGKILL)
            told += [int(line) for line in writer.stdout]
        reached = max([reached, *told])
        states = RocksStates.open(tmp_path, window=4)
        head = states.head
        assert head.height >= reached, "a block was told final and is gone"
        while memory.head.height < head.height:
            height = memory.head.height + 1
            changes = numbered_changes(height)
            memory.genesis(changes) if height == 0 else memory.finalize(memory.head.child(changes, {}))
        assert head.root == memory.head.root
        held = {key: memory.head.get(key) for key in memory.head.keys(b"")}
        assert {key: head.get(key) for key in head.keys(b"")} == held
        for height in range(max(0, head.height - 4), head.height + 1):
            past = states.at(height)
            assert past.root == memory.at(height).root
            assert past.prove(list(held)[:5]) == memory.at(height).prove(list(held)[:5])
        states.close()
