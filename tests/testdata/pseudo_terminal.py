"""Runs a command in a pseudo-terminal: pseudo_terminal.py COLUMNS COMMAND...

What comes on stdin is typed, what the terminal gets goes to stdout. Ends with the exit
code of the command, or 99 if it leaves the terminal in another mode than it found it in.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

columns, *command = sys.argv[1:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(columns), 0, 0))
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(slave, stream)
    os.execvp(command[0], command)

sources = [0, master]
code = None
while True:
    ready, _, _ = select.select(sources, [], [], 0.05)
    for source in ready:
        data = os.read(source, 65536)
        if not data:
            sources.remove(source)
        elif source == 0:
            os.write(master, data)
        else:
            os.write(1, data)
    if code is None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
    elif not ready:
        break
sys.exit(code if termios.tcgetattr(slave) == before else 99)
