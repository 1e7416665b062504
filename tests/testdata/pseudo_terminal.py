"""Runs a command in a pseudo-terminal: pseudo_terminal.py COLUMNS[,COLUMNS...] COMMAND...

What comes on stdin is typed, what the terminal gets goes to stdout. SIGUSR1 makes the terminal
as wide as the next of the widths. Ends with the exit code of the command, or 99 if it leaves the
terminal in another mode than it found it in.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

widths, *command = sys.argv[1:]
widths = [int(width) for width in widths.split(",")]
master, slave = pty.openpty()


def resize(*_):
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, widths.pop(0), 0, 0))


resize()
signal.signal(signal.SIGUSR1, resize)
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.close(master)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(slave, stream)
    os.execvp(command[0], command)

os.set_blocking(master, False)
sources = [0, master]
typed = b""
code = None
while True:
    # What is typed waits until it is taken, and holds up nothing meanwhile.
    ready, writable, _ = select.select(sources, [master] if typed else [], [], 0.05)
    for source in ready:
        data = os.read(source, 65536)
        if not data:
            sources.remove(source)
        elif source == 0:
            typed += data
        else:
            os.write(1, data)
    if writable:
        typed = typed[os.write(master, typed[:4096]):]
    if code is None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
    elif not ready:
        break
sys.exit(code if termios.tcgetattr(slave) == before else 99)
