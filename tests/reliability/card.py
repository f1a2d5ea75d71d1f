"""A memory card that has a cache, as a file for a loop device: what was not flushed when its power is
cut is lost, block by block, as chance has it.

    card.py FOLDER BYTES    serves FOLDER/0 by FUSE, straight from the kernel's protocol

Orders come on stdin, a line each, and its end ends the card:

    cut AFTER SHARE SEED    lets AFTER more writes and flushes pass, then answers none any more and
                            says "cut"; of the blocks that were not flushed, SHARE survive
    next                    fails what was left unanswered, serves what has survived under the next
                            number, and says it

Whoever dies last in a mount namespace unmounts what is in it, and waits for its disk. So this one
leaves the namespace where the file system of its own card gets mounted, and does not leave
anybody without an answer for long: both would be processes that nobody can kill.
"""

import ctypes
import errno
import os
import random
import select
import signal
import stat
import struct
import sys

BLOCK = 4096  # is written whole or not at all; the file system is to have blocks of this size
WRITE_MAX = 1 << 20
ROOT = 1  # the folder's node; that of the file N is ROOT + 1 + N

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE = 1, 2, 3, 4, 14, 15, 16
RELEASE, FSYNC, FLUSH, INIT, INTERRUPT, BATCH_FORGET = 18, 20, 25, 26, 36, 42
WITHOUT_REPLY = (FORGET, INTERRUPT, BATCH_FORGET)
IN_HEADER = struct.Struct("=IIQQIIII")  # length, opcode, unique, node, user, group, process, -
OUT_HEADER = struct.Struct("=IiQ")  # length, -errno, unique
FH_OFFSET_SIZE = struct.Struct("=QQI")  # what READ and WRITE begin with
WRITE_HEADER = 40
FUSE_MAX_PAGES, FOPEN_DIRECT_IO = 1 << 22, 1
MS_NOSUID_NODEV = 2 | 4
CLONE_NEWNS = 0x20000
UNANSWERED_MAX_S = 20


class Card:
    """The contents, as they are read and as they are safe."""

    def __init__(self, contents):
        self.contents = bytearray(contents)
        self.safe = bytearray(contents)
        self.unflushed = []

    def write(self, offset, data):
        self.contents[offset:offset + len(data)] = data
        self.unflushed += [(offset + at, data[at:at + BLOCK]) for at in range(0, len(data), BLOCK)]

    def flush(self):
        for offset, block in self.unflushed:
            self.safe[offset:offset + len(block)] = block
        self.unflushed = []

    def survivor(self, share, chance):
        self.unflushed = [each for each in self.unflushed if chance.random() < share]
        self.flush()
        return Card(self.safe)


class Server:
    def __init__(self, folder, size):
        self.fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.fuse},rootmode=40000,user_id=0,group_id=0"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"card", folder.encode(), b"fuse", MS_NOSUID_NODEV, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), f"cannot mount on {folder}")
        if libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "no mount namespace")
        self.size = size
        self.card = Card(bytes(size))
        self.number = 0
        self.left = None  # writes and flushes until the cut; None: none is ordered
        self.off = False
        self.held = []  # requests that were not answered
        self.survival = None

    def reply(self, unique, data=b"", error=0):
        header = OUT_HEADER.pack(OUT_HEADER.size + len(data), -error, unique)
        os.write(self.fuse, header + data)

    def attributes(self, node):
        mode, size = (stat.S_IFDIR | 0o700, 0) if node == ROOT else (stat.S_IFREG | 0o600, self.size)
        return struct.pack("=6Q10I", node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0,
                           BLOCK, 0)

    def say(self, words):
        print(words, flush=True)

    def cut(self):
        self.off = True
        self.say("cut")

    def obey(self, order, *arguments):
        if order == "cut":
            self.left = int(arguments[0])
            self.survival = float(arguments[1]), random.Random(int(arguments[2]))
            if self.left == 0:
                self.cut()
        elif order == "next":
            self.card = self.card.survivor(*self.survival)
            self.number += 1
            self.left, self.off = None, False
            held, self.held = self.held, []
            for request in held:
                self.answer(request)  # of a card that is gone
            self.say(self.number)

    def count_down(self, request, opcode):
        """Of what the power is cut at, a write has reached the cache, a flush is not done."""
        if self.left is None or opcode not in (WRITE, FSYNC):
            return
        self.left -= 1
        if self.left == 0:
            if opcode == WRITE:
                self.write(request)
            self.cut()

    def write(self, request):
        _, offset, size = FH_OFFSET_SIZE.unpack_from(request, IN_HEADER.size)
        data = IN_HEADER.size + WRITE_HEADER
        self.card.write(offset, request[data:data + size])
        return size

    def answer(self, request):
        _, opcode, unique, node, *_ = IN_HEADER.unpack_from(request)
        body = request[IN_HEADER.size:]
        if opcode in WITHOUT_REPLY:
            return
        if opcode in (READ, WRITE, FSYNC):
            if node != ROOT + 1 + self.number:
                self.reply(unique, error=errno.EIO)
                return
            if not self.off:
                self.count_down(request, opcode)
            if self.off:
                self.held.append(request)
                return
        if opcode == INIT:
            self.reply(unique, struct.pack("=4IHHIIHHI28x", 7, 31, 0, FUSE_MAX_PAGES, 0, 0,
                                           WRITE_MAX, 1, WRITE_MAX // 4096, 0, 0))
        elif opcode == LOOKUP and body.rstrip(b"\0") == str(self.number).encode():
            node = ROOT + 1 + self.number
            self.reply(unique, struct.pack("=4QII", node, 0, 0, 0, 0, 0) + self.attributes(node))
        elif opcode == LOOKUP:
            self.reply(unique, error=errno.ENOENT)
        elif opcode in (GETATTR, SETATTR):
            self.reply(unique, struct.pack("=QII", 0, 0, 0) + self.attributes(node))
        elif opcode == OPEN:
            self.reply(unique, struct.pack("=QII", 0, FOPEN_DIRECT_IO, 0))
        elif opcode == READ:
            _, offset, size = FH_OFFSET_SIZE.unpack_from(body)
            self.reply(unique, bytes(self.card.contents[offset:offset + size]))
        elif opcode == WRITE:
            self.reply(unique, struct.pack("=II", self.write(request), 0))
        elif opcode in (FSYNC, FLUSH, RELEASE):
            if opcode == FSYNC:
                self.card.flush()
            self.reply(unique)
        else:
            self.reply(unique, error=errno.ENOSYS)


def serve(server):
    while True:
        ready, _, _ = select.select([server.fuse, 0], [], [],
                                    UNANSWERED_MAX_S if server.off else None)
        if server.fuse in ready:
            server.answer(os.read(server.fuse, WRITE_MAX + 4096))
            continue
        line = sys.stdin.buffer.raw.readline() if ready else b""
        if not line:
            return
        server.obey(*line.decode().split())


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its user ends it
    server = Server(sys.argv[1], int(sys.argv[2]))
    server.say("ready")
    try:
        serve(server)
    finally:
        os.close(server.fuse)  # which fails all that is still asked


main()
