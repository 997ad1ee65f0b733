"""Documents in several threads at once: msgspec itself is not ready for types that nobody has decoded yet."""

import subprocess
import sys

READ_ALL_AT_ONCE = """
import sys, threading
sys.setswitchinterval(1e-6)
import msgspec
from vrm.documents import Document
from vrm.documents.base import recall

def types(kind):
    for below in kind.__subclasses__():
        yield below
        yield from types(below)

def read(kind, gate):
    members = {name: 0 for name in reversed(kind.__struct_encode_fields__)}  # the last is learnt last
    wire = msgspec.json.encode(members)
    gate.wait()
    try:
        recall(wire, kind)
    except msgspec.ValidationError:
        pass

for kind in types(Document):
    gate = threading.Barrier(8)
    readers = [threading.Thread(target=read, args=(kind, gate)) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
"""


def test_types_that_threads_meet_at_the_same_moment() -> None:
    done = subprocess.run([sys.executable, "-c", READ_ALL_AT_ONCE], check=False)
    assert done.returncode == 0, "a process that crashed ends with a signal's number"
